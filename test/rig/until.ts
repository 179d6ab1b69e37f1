import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 10

/** Resolves as soon as the condition holds; rejects when it has not for `withinMs`. A failing condition counts as not holding. */
export async function until (condition: () => unknown, withinMs = 8_000): Promise<void> {
  const endsAt = performance.now() + withinMs
  let failure: unknown
  while (performance.now() < endsAt) {
    try {
      if (await condition()) return
      failure = undefined
    } catch (error) {
      failure = error
    }
    await delay(pollMs)
  }
  throw new Error(`after ${withinMs} ms still not: ${condition.toString().slice(0, 200)}`, { cause: failure })
}

/** What the call gave, and how long it took in milliseconds. */
export async function timed<Result> (call: () => Promise<Result>): Promise<{ readonly result: Result, readonly tookMs: number }> {
  const startedAt = performance.now()
  const result = await call()
  return { result, tookMs: performance.now() - startedAt }
}
