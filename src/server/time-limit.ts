/** How long a close may take: until the time is over, or until somebody is in a hurry. */
export interface TimeLimit {
  readonly isUp: Promise<void>
  leftMs (): number
  /** Nobody waits for it any more. */
  cancel (): void
}

export function startTimeLimit (withinMs: number, hurry?: AbortSignal): TimeLimit {
  const { promise: isUp, resolve } = Promise.withResolvers<void>()
  const endsAt = performance.now() + withinMs
  const timer = setTimeout(resolve, withinMs)
  const end = (): void => resolve()
  if (hurry?.aborted === true) end()
  hurry?.addEventListener('abort', end)
  return {
    isUp,
    leftMs: () => hurry?.aborted === true ? 0 : Math.max(0, endsAt - performance.now()),
    cancel () {
      clearTimeout(timer)
      hurry?.removeEventListener('abort', end)
    }
  }
}
