import t from 'tap'
import type { Fault } from '../../../src/emulator/emulator.ts'
import { open, sessionCookie } from '../../login/attempt.ts'
import { until } from '../../rig/until.ts'
import { accepted, codeOf, metric, only, refused, reread, signedIn, startWorld, told } from './world.ts'

const grants = ['authorization_code', 'userinfo'] as const

t.test('V-01 a bare object is accepted', async (t) => {
  const world = await startWorld(t)
  const ada = await accepted(world)
  t.equal(await told(world, ada, 'X-User-Balance'), '750.00')
  t.match((await ada.fetch('/oauth2/topup', { headers: { accept: 'application/json' } })).json(), { topup_url: /^http/ })
})

t.test('V-02 an object wrapped in success and data is accepted, of every endpoint', async (t) => {
  const world = await startWorld(t, { emulator: { preset: 'newapi-like' } })
  const ada = await accepted(world)
  t.equal(await told(world, ada, 'X-User-Balance'), '750.00')
  t.match((await ada.fetch('/oauth2/topup', { headers: { accept: 'application/json' } })).json(), { topup_url: /^http/ })
})

t.test('V-03 200 with success false is refused at the sign-in; of userinfo it is tried once more with new tokens, and is no sign-out', async (t) => {
  const world = await startWorld(t)
  for (const endpoint of grants) {
    only(world, { kind: 'status', endpoint, args: { body: 'envelope200' } })
    await refused(world, 502, 'exchange_failed')
  }
  const ada = await signedIn(world)
  only(world, { kind: 'status', endpoint: 'userinfo', args: { body: 'envelope200' } })
  const { emulator } = world.rig
  const [reads, refreshes] = [emulator.count('userinfo'), emulator.count('refresh_token')]
  await until(async () => { await open(ada, '/a'); return emulator.count('userinfo') === reads + 2 })
  t.equal(emulator.count('refresh_token'), refreshes + 1)
  t.equal((await open(ada, '/a')).status, 200)
  await until(() => /"code":"provider_refused".*could not be renewed/.test(world.rig.logged()))
  t.equal(await metric(world, 'userinfo_reads_total', { outcome: 'invalid_token' }) > 0, true)
})

t.test('V-04 200 with an error, as text or as object, is refused and never a user', async (t) => {
  const world = await startWorld(t)
  for (const error of ['access_denied', { message: 'one_api_panic', type: 'x' }]) {
    only(world, { kind: 'extra_fields', endpoint: 'userinfo', args: { fields: { error } } })
    await refused(world, 502, 'exchange_failed')
    only(world, { kind: 'extra_fields', endpoint: 'authorization_code', args: { fields: { error } } })
    await refused(world, 502, 'exchange_failed')
  }
})

t.test('V-05 the status decides, whatever the body is: 4xx refuses, 5xx is an outage, and neither signs anybody out', async (t) => {
  const world = await startWorld(t)
  for (const body of ['oauth', 'envelope', 'newapi', 'text', 'empty', 'html']) {
    only(world, { kind: 'status', endpoint: 'userinfo', args: { code: 500, body } })
    await refused(world, 503, 'provider_unavailable')
    only(world, { kind: 'status', endpoint: 'userinfo', args: { code: 400, body } })
    await refused(world, 502, 'provider_bad_response')
  }
  for (const code of [400, 500]) {
    for (const endpoint of ['userinfo', 'refresh_token'] as const) {
      const ada = await signedIn(world)
      only(world, { kind: 'status', endpoint, args: { code, body: 'html' } })
      for (let click = 0; click < 3; click++) t.equal((await open(ada, '/a')).status, 200)
      t.ok(ada.cookies.has(sessionCookie))
    }
  }
  t.ok(await metric(world, 'provider_duration_seconds_count', { call: 'userinfo', outcome: 'failed' }) > 0)
})

t.test('V-06 200 that is no JSON object is refused as such, and signs nobody out', async (t) => {
  const world = await startWorld(t)
  const broken: readonly Fault[] = [{ kind: 'status', args: { code: 200, body: 'html' } }, { kind: 'truncated' }, { kind: 'malformed_json' }, { kind: 'null' }, { kind: 'array' }, { kind: 'bom' }]
  for (const fault of broken) {
    for (const endpoint of grants) {
      only(world, { ...fault, endpoint })
      await refused(world, 502, 'provider_bad_response')
    }
  }
  for (const fault of broken) {
    const ada = await signedIn(world)
    only(world, { ...fault, endpoint: 'userinfo' })
    await reread(world, ada)
    t.equal(await told(world, ada, 'X-User-Balance'), '750.00', 'what was known serves on')
  }
  t.ok(await metric(world, 'userinfo_reads_total', { outcome: 'unavailable' }) >= broken.length)
})

t.test('V-07 JSON under a wrong content type, or none, is accepted', async (t) => {
  const world = await startWorld(t)
  for (const value of ['text/plain', 'text/html', 'none']) {
    only(world, { kind: 'wrong_content_type', args: { value } })
    await accepted(world)
  }
})

t.test('V-08 what is too large, once unpacked or on the way, is refused in time', async (t) => {
  const world = await startWorld(t)
  for (const fault of [{ kind: 'huge_body', args: { bytes: 300_000 } }, { kind: 'gzip_bomb', args: { bytes: 32_000_000 } }] as const) {
    for (const endpoint of grants) {
      only(world, { ...fault, endpoint })
      await refused(world, 502, 'provider_bad_response')
    }
  }
})

t.test('V-09 a redirect is refused, and the token goes nowhere', async (t) => {
  const world = await startWorld(t)
  for (const endpoint of grants) {
    only(world, { kind: 'redirect', endpoint, args: { to: `${world.rig.upstream.url}/stolen` } })
    await refused(world, 502, 'provider_bad_response')
  }
  const ada = await signedIn(world)
  only(world, { kind: 'redirect', endpoint: 'topup', args: { to: `${world.rig.upstream.url}/stolen` } })
  t.equal(codeOf(await open(ada, '/oauth2/topup')), 'provider_bad_response')
  t.same(world.rig.upstream.seen.filter(({ target }) => target === '/stolen'), [])
})
