import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBrowser } from '../test/rig/browser.ts'
import type { Sessions } from './candidates/candidate.ts'
import type { World } from './world.ts'

const defaultUsers = 200

/** Really signs users in through the proxy at `url`. Answers the file that holds their Cookie headers, one a line. */
export async function signUsersIn (world: World, { group, cookieName }: Sessions, url: string, users = defaultUsers): Promise<string> {
  const cookies: string[] = []
  for (let index = 0; index < users; index++) cookies.push(await signIn(world, url, `bench-${index}`, cookieName))
  return await save(world, group, cookies)
}

/** For proxies that know no sessions, when no other is measured: about as long as a real one. */
export async function nobodysCookies (world: World): Promise<string> {
  return await save(world, 'nobody', [`__Host-aihubmix=${'x'.repeat(200)}`])
}

async function save ({ folder }: World, name: string, cookies: readonly string[]): Promise<string> {
  const file = join(folder, `${name}.cookies`)
  await writeFile(file, `${cookies.join('\n')}\n`)
  return file
}

async function signIn ({ emulator }: World, url: string, username: string, cookieName: string): Promise<string> {
  emulator.users.set(username, {})
  const browser = createBrowser(url)
  const { status, address } = await browser.signIn(username, '/1k')
  const cookie = browser.cookies.get(cookieName)
  if (status !== 200 || cookie === undefined) throw new Error(`${username} could not sign in through ${url}: ${status} at ${address}`)
  return `${cookieName}=${cookie}`
}
