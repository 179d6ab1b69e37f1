import type { ServerResponse } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openLoop, type Schedule } from '../../bench/open-loop.ts'
import { startUpstream, type Answer } from '../rig/upstream.ts'

const batch = 20
const perSecond = 200

async function scheduleFor (t: Test, answer: Answer): Promise<Schedule> {
  const server = await startUpstream(answer)
  t.after(() => server.close())
  const cookiesFile = join(t.testdir(), 'cookies')
  await writeFile(cookiesFile, 'session=one\nsession=two\n')
  return { url: `${server.url}/1k`, cookiesFile, perSecond, seconds: 1, bodyBytes: 2 }
}

t.test('requests go out at their moments while none before them is answered, and what they waited is counted', async (t) => {
  const held: ServerResponse[] = []
  let batches = 0
  const schedule = await scheduleFor(t, (_request, response) => {
    held.push(response)
    if (held.length < batch) return
    batches++
    for (const answer of held.splice(0)) answer.end('ok')
  })
  const { mostMs } = await openLoop(schedule)
  t.equal(batches, 2 * perSecond / batch, 'a second to warm up and the one that is measured')
  t.ok(mostMs >= (batch - 1) * 1_000 / perSecond, 'the first of a batch waited until the last of it was due')
})

t.test('users take turns', async (t) => {
  const cookies = new Map<string, number>()
  const schedule = await scheduleFor(t, ({ headers: { cookie = '' } }, response) => {
    cookies.set(cookie, (cookies.get(cookie) ?? 0) + 1)
    response.end('ok')
  })
  await openLoop(schedule)
  t.strictSame(Object.fromEntries(cookies), { 'session=one': perSecond, 'session=two': perSecond })
})

for (const [what, answer] of [
  ['a redirect', (_request, response) => response.writeHead(302, { location: '/' }).end('to sign in')],
  ['an answer that is too short', (_request, response) => response.end('x')],
  ['a connection that is cut', ({ socket }) => socket.destroy()]
] satisfies ReadonlyArray<readonly [string, Answer]>) {
  t.test(`${what} is no result`, async (t) => {
    await t.rejects(openLoop(await scheduleFor(t, answer)))
  })
}
