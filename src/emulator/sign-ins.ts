import type { Random } from './random.ts'

/** Who is signed in at the emulator itself, by the value of its own cookie. */
export interface SignIns {
  start (username: string): string
  username (cookie: string | undefined): string | null
  end (cookie: string | undefined): void
  reset (): void
}

export function createSignIns (random: Random): SignIns {
  const usernames = new Map<string, string>()
  return {
    start (username) {
      const cookie = random.hex(16)
      usernames.set(cookie, username)
      return cookie
    },
    username: (cookie) => usernames.get(cookie ?? '') ?? null,
    end (cookie) { usernames.delete(cookie ?? '') },
    reset () { usernames.clear() }
  }
}
