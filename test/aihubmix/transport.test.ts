import { gzipSync } from 'node:zlib'
import t from 'tap'
import { AuthorizationServerUnavailable } from '../../src/errors.ts'
import { freePort } from '../rig/redis.ts'
import { timed } from '../rig/until.ts'
import { callsOf, clientOf, clientWithFake, failureOf, goodTokens, goodUserinfo, startFake, type Respond } from './fake.ts'

/** An answer that serves every call. */
const everything = { ...goodTokens, ...goodUserinfo, topup_url: 'https://aihubmix.com/topup' }

const endless: Respond = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const drip = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(drip))
}

const slowHeaders: Respond = (response) => {
  const drip = setInterval(() => response.socket?.write('HTTP/1.1 200 OK\r\n'.charAt(0)), 50)
  response.on('close', () => clearInterval(drip))
}

t.test('a redirect is never followed, with credentials or without (V-09)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  const elsewhere = await startFake(t)
  elsewhere.answerWith(everything)
  for (const status of [301, 302, 303, 307, 308, 300, 304]) {
    fake.answerWith('', status, { location: `${elsewhere.url}/stolen` })
    for (const [name, call] of Object.entries(callsOf(client))) t.equal((await failureOf(t, call)).name, 'AuthorizationServerBadResponse', `${name} ${status}`)
  }
  t.strictSame(elsewhere.seen, [])
})

t.test('an answer has one deadline, however it is late: silence, slow headers, a slow body (V-36)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const respond of [() => {}, slowHeaders, endless] satisfies Respond[]) {
    fake.answer(respond)
    await Promise.all(Object.entries(callsOf(client)).map(async ([name, call]) => {
      const { result, tookMs } = await timed(() => failureOf(t, call))
      t.type(result, AuthorizationServerUnavailable, name)
      t.ok(tookMs < (name === 'refreshTokenGrant' ? 2_000 : 1_200), `${name} after ${Math.round(tookMs)} ms`)
    }))
  }
})

t.test('a refresh is given longer than other calls: its lost answer may hold the only good token', async (t) => {
  const { client, fake } = await clientWithFake(t)
  fake.answer((response) => { setTimeout(() => response.end(JSON.stringify(goodTokens)), 600) })
  await t.resolves(callsOf(client).refreshTokenGrant())
})

t.test('an answer over the limit is refused, before and after decompression (V-08)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  const padded = (bytes: number): string => JSON.stringify({ ...everything, padding: 'x'.repeat(bytes) })
  fake.answerWith(padded(200 * 1024))
  for (const call of Object.values(callsOf(client))) await t.resolves(call())
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20))
  for (const [body, headers] of [[padded(300 * 1024), {}], [padded(10 * 1024 * 1024), {}], [bomb, { 'content-encoding': 'gzip' }]] as const) {
    fake.answerWith(body, 200, headers)
    for (const [name, call] of Object.entries(callsOf(client))) t.equal((await failureOf(t, call)).name, 'AuthorizationServerBadResponse', name)
  }
})

t.test('an answer that never ends is refused at the limit, not at the deadline (V-08)', async (t) => {
  const { client, fake } = await clientWithFake(t, { aihubmix: { timeout: 10_000 } })
  fake.answer((response) => {
    const more = (): void => { while (response.write('x'.repeat(64 * 1024))); }
    response.on('drain', more)
    more()
  })
  const { result, tookMs } = await timed(() => failureOf(t, callsOf(client).userinfo))
  t.equal(result.name, 'AuthorizationServerBadResponse')
  t.ok(tookMs < 5_000)
})

t.test('a gzipped answer is read, a broken one is no answer (F-49)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  fake.answerWith(gzipSync(JSON.stringify(everything)), 200, { 'content-encoding': 'gzip' })
  for (const call of Object.values(callsOf(client))) await t.resolves(call())
  fake.answerWith('not gzip at all', 200, { 'content-encoding': 'gzip' })
  for (const call of Object.values(callsOf(client))) t.match((await failureOf(t, call)).name, /AuthorizationServer/)
})

t.test('refused, unknown host, no TLS, broken off: AIHubMix is away, and is asked once (V-35)', async (t) => {
  const fake = await startFake(t)
  let connections = 0
  fake.answer((response) => { connections++; response.socket?.resetAndDestroy() })
  const urls = [`http://127.0.0.1:${await freePort()}`, 'http://aihubmix.invalid', fake.url.replace('http:', 'https:'), fake.url]
  for (const url of urls) {
    for (const [name, call] of Object.entries(callsOf(clientOf(url, { aihubmix: { timeout: 5_000 } })))) {
      t.type(await failureOf(t, call), AuthorizationServerUnavailable, `${name} at ${url}`)
    }
  }
  t.equal(connections, 4, 'no call was sent twice')
})

t.test('Retry-After in seconds or as a date, absent or absurd (V-34)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString()
  for (const [sent, least, most] of [['7', 7, 7], ['0', 1, 1], ['99999999', 300, 300], ['-1', 1, 300], [inTwoMinutes, 100, 120], [new Date(0).toUTCString(), 1, 1], ['soon', 1, 60], [undefined, 1, 60]] as const) {
    fake.answerWith('', 429, sent === undefined ? {} : { 'retry-after': sent })
    const failure = await failureOf(t, callsOf(client).userinfo) as AuthorizationServerUnavailable
    const seconds = failure.retryAfterSeconds ?? 0
    t.ok(seconds >= least && seconds <= most, `${sent} → ${seconds}`)
  }
})

t.test('cookies of AIHubMix are neither kept nor sent back (V-44)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  fake.answerWith(everything, 200, { 'set-cookie': 'session=s; Path=/', server: 'one-api' })
  for (const call of [...Object.values(callsOf(client)), ...Object.values(callsOf(client))]) await call()
  t.strictSame(fake.seen.filter(({ headers }) => headers.cookie !== undefined), [])
})
