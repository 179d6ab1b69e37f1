import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { seedGatewaySessions, sessionOf } from '../../bench/candidates/gateway-sessions.ts'
import type { Sessions } from '../../bench/candidates/candidate.ts'
import { checkAnswers } from '../../bench/signed-in.ts'
import { startRedis } from '../rig/redis.ts'
import { sessionKey, startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'

const sessions: Sessions = { group: 'test', cookieName: 'session', identityHeader: 'x-user-id', seed: async () => [] }

/** A proxy that answers who has this cookie, and the app's word of who that is. */
async function startProxy (t: Test, { letsIn, tells }: { readonly letsIn: RegExp, readonly tells: string }) {
  const proxy = await startUpstream(({ headers: { cookie = '' } }, response) => {
    response.writeHead(letsIn.test(cookie) ? 200 : 302).end(JSON.stringify({ 'x-user-id': tells }))
  })
  t.after(() => proxy.close())
  const cookiesFile = join(t.testdir(), 'cookies')
  await writeFile(cookiesFile, 'session=1\nsession=2\nsession=3\n')
  return { name: 'a proxy', url: proxy.url, cookiesFile }
}

t.test('who lets users in, says who they are and nobody else in, is measured', async (t) => {
  await checkAnswers(await startProxy(t, { letsIn: /=[13]/, tells: '7' }), sessions)
})

t.test('who does not is not', async (t) => {
  await t.rejects(checkAnswers(await startProxy(t, { letsIn: /=1/, tells: '7' }), sessions), /does not pass on/, 'the last user is a stranger')
  await t.rejects(checkAnswers(await startProxy(t, { letsIn: /./, tells: '' }), sessions), /does not pass on/, 'the app is not told')
  await t.rejects(checkAnswers(await startProxy(t, { letsIn: /^/, tells: '7' }), sessions), /lets in/, 'anybody may come')
})

t.test('a proxy without sessions only has to answer', async (t) => {
  await checkAnswers(await startProxy(t, { letsIn: /^/, tells: '' }), null)
})

t.test('a session that the bench wrote into the store is one that the gateway takes', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.close())
  const rig = await startRig(t, { redisUrl: redis.url })
  const cookies = await seedGatewaySessions({ redisUrl: redis.url, keyPrefix: 'aihubmix:', sessionKey }, 250)
  t.equal(new Set(cookies).size, 250)
  for (const number of [0, 249]) {
    const browser = rig.newBrowser()
    browser.cookies.set('__Host-aihubmix', cookies[number] ?? '')
    t.equal((await browser.fetch('/page')).status, 200)
    t.strictSame(rig.upstream.valuesOf('x-user-id'), [sessionOf(number, 0).identity.id])
  }
})
