import { once } from 'node:events'

const signals = ['SIGTERM', 'SIGINT'] as const

/** Resolves at the next SIGTERM or SIGINT; after that they end the process again, as they do by themselves. */
export async function stopSignal (): Promise<void> {
  const heard = new AbortController()
  try {
    await Promise.race(signals.map(async (name) => await once(process, name, heard)))
  } finally {
    heard.abort()
  }
}

/** SIGTERM and SIGINT, one after another. */
export interface StopSignals {
  /** Resolves at the next one; who asks before it comes waits for the same. */
  next (): Promise<void>
}

/** From now on no such signal ends the process by itself: whoever is impatient is heard, and the last lines of the log are written. */
export function heedStopSignals (): StopSignals {
  let coming = Promise.withResolvers<void>()
  for (const name of signals) {
    process.on(name, () => {
      const { resolve } = coming
      coming = Promise.withResolvers()
      resolve()
    })
  }
  return { next: () => coming.promise }
}
