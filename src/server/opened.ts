/** What was opened on the way to something whole, and closes with it; at once, when the whole does not come about. */
export interface Opened {
  add (close: () => unknown): void
  /** The last first. What cannot be closed keeps nothing else open. */
  closeAll (): Promise<void>
}

export function createOpened (): Opened {
  const closings: Array<() => unknown> = []
  return {
    add (close) { closings.push(close) },
    async closeAll () {
      await Promise.allSettled(closings.splice(0).toReversed().map(async (close) => await close()))
    }
  }
}
