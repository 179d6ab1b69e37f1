import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { StopSignals } from './stop-signal.ts'

interface Stopping {
  readonly signals: StopSignals
  readonly drain: Config['server']['drain']
  /** Tells whoever asks that no new work is wanted. */
  readonly beginDrain: () => void
  /** Lets what runs end, and cuts the rest when the time is over or somebody is in a hurry. */
  readonly close: (withinMs: number, hurry: AbortSignal) => Promise<void>
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/**
 * From the first signal to the end: load balancers are told first; then what runs may end; then what is left is cut. Each further signal
 * goes one step on. A container platform sends one; a person who sends three means it, and still loses no line of the log.
 */
export async function stop ({ signals, drain, beginDrain, close, log }: Stopping): Promise<void> {
  const hurry = new AbortController()
  beginDrain()
  log.info({ delayMs: drain.delay, timeoutMs: drain.timeout }, 'draining; another signal skips the delay')
  const isOver = new AbortController()
  await Promise.race([delay(drain.delay, undefined, isOver).catch(() => {}), signals.next()])
  isOver.abort() // a timer that runs on would hold the process
  log.info('closing: what runs may end; another signal cuts it')
  signals.next().then(() => {
    log.warn('another signal: what still runs is cut')
    hurry.abort()
  }, () => {})
  await close(drain.timeout, hurry.signal)
  log.info('stopped')
}
