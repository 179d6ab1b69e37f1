/** Does something for a key at most once a second; who asks in between is given what that brought, or will bring. */
export type OnceASecond<Answer> = (key: string, act: () => Promise<Answer>) => Promise<Answer>

const everyMs = 1_000

interface Done<Answer> {
  readonly at: number
  readonly answer: Promise<Answer>
}

/** Keeps what the last second brought, and nothing older. Made for one process: so many processes, so many times a second. */
export function createOnceASecond<Answer> (now: () => number): OnceASecond<Answer> {
  const done = new Map<string, Done<Answer>>()

  /** In the order they were begun: the first that is young ends the search. */
  const forgetOld = (): void => {
    for (const [key, { at }] of done) {
      if (Math.abs(now() - at) < everyMs) return
      done.delete(key)
    }
  }

  return (key, act) => {
    forgetOld()
    const answer = done.get(key)?.answer ?? act()
    if (!done.has(key)) done.set(key, { at: now(), answer })
    return answer
  }
}
