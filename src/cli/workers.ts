import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { startTimeLimit } from '../server/time-limit.ts'
import { isOurs, type FromWorker, type ToWorker } from './worker-messages.ts'

/** The processes that serve; this one only starts them, replaces those that die and answers for all of them. */
export interface Workers {
  /** Resolves when all listen; false when one could not, which has then said why. */
  start (): Promise<boolean>
  /** Why not every worker is ready; null when all are. */
  notReadyBecause (): Promise<string | null>
  /** Every worker reads its configuration again. */
  reload (): void
  /** No worker is replaced from now on; requests are served as before. */
  drain (): void
  /** Has one of the workers count sessions that an operator ended. */
  countRevoked (count: number): void
  /** Ends all workers; what they have open after `withinMs`, or at `hurry`, is cut. Whoever is not gone then is killed. */
  close (withinMs: number, hurry?: AbortSignal): Promise<void>
}

interface WorkersOptions {
  readonly count: number
  /** What `serve` was called with. */
  readonly argv: readonly string[]
  readonly log: Pick<Logger, 'warn' | 'error'>
}

const answerWithinMs = 1_000
/** What a worker may take to be gone when everything is cut. */
const goneWithinMs = 3_000
const firstPauseMs = 100
const longestPauseMs = 10_000
/** Who lived this long did not die of its start: the next one is started at once again. */
const settledMs = 60_000

export function createWorkers ({ count, argv, log }: WorkersOptions): Workers {
  const workers = new Set<Worker>()
  const serving = new Set<Worker>()
  const questions = new Map<number, (reason: string | null) => void>()
  let lastQuestion = 0
  let pauseMs = firstPauseMs
  let isEnding = false
  cluster.setupPrimary({ args: ['worker', ...argv] })

  function fork (): Worker {
    const worker = cluster.fork()
    const startedAt = performance.now()
    workers.add(worker)
    worker.on('error', () => {}) // a message to one that is just gone; 'exit' tells
    worker.on('message', (message: unknown) => { if (isOurs(message)) hear(worker, message as FromWorker) })
    worker.once('exit', (code: number | null, signal: string | null) => {
      workers.delete(worker)
      if (serving.delete(worker)) replace(worker, performance.now() - startedAt, { code, signal })
      else if (!isEnding && hasStarted) replace(worker, 0, { code, signal })
    })
    return worker
  }

  let hasStarted = false

  function hear (worker: Worker, message: FromWorker): void {
    if (message.kind === 'listening') serving.add(worker)
    else questions.get(message.question)?.(message.notReadyBecause)
  }

  function replace ({ process: { pid } }: Worker, livedMs: number, end: object): void {
    if (isEnding) return
    pauseMs = livedMs > settledMs ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2)
    log.error({ pid, ...end, pauseMs }, 'a worker died; another one is started')
    setTimeout(() => { if (!isEnding) fork() }, pauseMs).unref()
  }

  function tell (message: ToWorker): void {
    for (const worker of workers) if (worker.isConnected()) worker.send(message)
  }

  async function ask (worker: Worker): Promise<string | null> {
    const question = ++lastQuestion
    const answer = Promise.withResolvers<string | null>()
    const timer = setTimeout(answer.resolve, answerWithinMs, 'a worker does not answer')
    questions.set(question, answer.resolve)
    if (worker.isConnected()) worker.send({ kind: 'status', question } satisfies ToWorker)
    return await answer.promise.finally(() => { clearTimeout(timer); questions.delete(question) })
  }

  return {
    async start () {
      const begun = Array.from({ length: count }, async () => {
        const worker = fork()
        const isOver = new AbortController()
        await Promise.race([once(worker, 'exit', isOver), listens(worker, isOver.signal)])
        isOver.abort()
        return serving.has(worker)
      })
      hasStarted = (await Promise.all(begun)).every(Boolean)
      return hasStarted
    },
    async notReadyBecause () {
      if (serving.size < count) return `${serving.size} of ${count} workers are up`
      const reasons = await Promise.all(Array.from(serving, ask))
      return reasons.find((reason) => reason !== null) ?? null
    },
    reload () { for (const worker of workers) worker.process.kill('SIGHUP') },
    drain () {
      isEnding = true
      tell({ kind: 'drain' })
    },
    countRevoked (count) {
      const [worker] = [...serving].filter((worker) => worker.isConnected())
      worker?.send({ kind: 'revoked', count } satisfies ToWorker)
    },
    async close (withinMs, hurry) {
      isEnding = true
      const left = [...workers]
      const ended = Promise.all(left.map(async (worker) => { if (!worker.isDead()) await once(worker, 'exit') }))
      tell({ kind: 'close' })
      const limit = startTimeLimit(withinMs, hurry)
      const isOver = new AbortController()
      const late = limit.isUp.then(async () => {
        tell({ kind: 'cut' })
        return await delay(goneWithinMs, true, isOver).catch(() => false)
      })
      const isLate = await Promise.race([ended.then(() => false), late])
      limit.cancel()
      isOver.abort()
      if (!isLate) return
      log.warn({ pids: left.filter((worker) => !worker.isDead()).map(({ process: { pid } }) => pid) }, 'workers that did not end are killed')
      for (const worker of left) if (!worker.isDead()) worker.process.kill('SIGKILL')
      await ended
    }
  }
}

/** The worker has said that it listens; its own listener heard it first. */
async function listens (worker: Worker, signal: AbortSignal): Promise<void> {
  for (;;) {
    const [message] = await once(worker, 'message', { signal }) as [unknown]
    if (isOurs(message) && message.kind === 'listening') return
  }
}
