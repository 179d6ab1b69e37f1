import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBrowser } from '../test/rig/browser.ts'
import { cookieHeader } from './browser-headers.ts'
import type { Sessions } from './candidates/candidate.ts'
import type { World } from './world.ts'

/** Who signs in; where a set needs more sessions, the rest is written into the store. */
export const signedInUsers = 200

export interface SessionCounts {
  /** Sessions the load walks through. */
  readonly inUse?: number
  /** Sessions that are in the store besides. */
  readonly idle?: number
}

/** Really signs users in through the proxy at `url`, up to 200 of them. Answers the file that holds the Cookie headers of all who are in use, one a line. */
export async function signUsersIn (world: World, sessions: Sessions, url: string, { inUse = signedInUsers, idle = 0 }: SessionCounts = {}): Promise<string> {
  const values: string[] = []
  while (values.length < Math.min(inUse, signedInUsers)) values.push(await signIn(world, url, `bench-${values.length}`, sessions.cookieName))
  const others = inUse - values.length
  const seeded = others + idle === 0 ? [] : await sessions.seed(world.redisUrl, others + idle, values[0] ?? '')
  return await save(world, `${sessions.group}-${inUse}`, [...values, ...seeded.slice(0, others)].map((value) => `${sessions.cookieName}=${value}`))
}

/** For proxies that know no sessions, when no other is measured: about as long as a real one. */
export async function nobodysCookies (world: World): Promise<string> {
  return await save(world, 'nobody', [`__Host-aihubmix=${'x'.repeat(200)}`])
}

async function save ({ folder }: World, name: string, cookies: readonly string[]): Promise<string> {
  const file = join(folder, `${name}.cookies`)
  await writeFile(file, `${cookies.map(cookieHeader).join('\n')}\n`)
  return file
}

async function signIn ({ emulator }: World, url: string, username: string, cookieName: string): Promise<string> {
  emulator.users.set(username, {})
  const browser = createBrowser(url)
  const { status, address } = await browser.signIn(username, '/1k')
  const cookie = browser.cookies.get(cookieName)
  if (status !== 200 || cookie === undefined) throw new Error(`${username} could not sign in through ${url}: ${status} at ${address}`)
  return cookie
}
