import t from 'tap'
import { createApp } from '../../src/aihubmix/app-registration.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { failureOf, startFake } from './fake.ts'

const developerToken = 'fd-developer-token-7f3c'
const wanted = { name: 'My app', description: '', redirectUri: 'https://gw.test/oauth2/callback' }

t.test('an app is registered as the guide has it, and its credentials come back (C-10)', async (t) => {
  const emulator = await startEmulator({ developerToken })
  t.after(() => emulator.close())
  const app = await createApp(wanted, { appUrl: emulator.url, developerToken, timeoutMs: 2_000 })
  t.match(app.client_id, /^client_/)
  t.match(app.client_secret, /^secret_/)
  t.equal(app.redirect_uri, wanted.redirectUri)
  const [request] = emulator.requests
  t.equal(request?.headers['authorization'], `Bearer ${developerToken}`)
  t.strictSame(JSON.parse(request?.rawBody ?? ''), { name: 'My app', description: '', redirect_uri: wanted.redirectUri })
})

t.test('a refusal is told with AIHubMix\'s words and without the developer token, whatever its status (F-40, F-46)', async (t) => {
  const emulator = await startEmulator({ developerToken })
  t.after(() => emulator.close())
  for (const [token, app] of [['wrong-token-7f3c', wanted], [developerToken, { ...wanted, redirectUri: 'http://evil.test/' }], [developerToken, { ...wanted, name: '' }]] as const) {
    const failure = await failureOf(t, () => createApp(app, { appUrl: emulator.url, developerToken: token, timeoutMs: 2_000 }))
    t.match(failure, { code: 'provider_refused' })
    t.match(String(failure.cause), 'AIHubMix said')
    t.notMatch(`${failure.stack} ${String(failure.cause)}`, token)
  }
})

t.test('an answer without credentials, a page, a redirect, an outage: nothing is taken for an app', async (t) => {
  const fake = await startFake(t)
  const register = () => createApp(wanted, { appUrl: fake.url, developerToken, timeoutMs: 300 })
  for (const [body, status, name] of [[{}, 200, 'AuthorizationServerBadResponse'], [{ client_id: 'c' }, 200, 'AuthorizationServerBadResponse'], [{ client_id: '', client_secret: 's' }, 200, 'AuthorizationServerBadResponse'], ['<!doctype html>', 200, 'AuthorizationServerBadResponse'], ['', 302, 'AuthorizationServerBadResponse'], ['', 503, 'AuthorizationServerUnavailable'], [{ success: false, message: '' }, 200, 'GatewayError'], [{ success: false }, 401, 'GatewayError']] as const) {
    fake.answerWith(body, status, { location: 'https://evil.test/' })
    t.equal((await failureOf(t, register)).name, name, `${status} ${JSON.stringify(body)}`)
  }
  fake.answer(() => {})
  t.equal((await failureOf(t, register)).name, 'AuthorizationServerUnavailable')
  fake.answerWith({ success: true, data: { client_id: 'c', client_secret: 's' } })
  t.match(await register(), { client_id: 'c', client_secret: 's' })
})

t.test('in every shape AIHubMix may fail in, no app is taken for made, the token is in no message, and it is asked once', async (t) => {
  const emulator = await startEmulator({ developerToken })
  t.after(() => emulator.close())
  const shapes = [
    ['GatewayError', { kind: 'status', args: { code: 401 } }],
    ['GatewayError', { kind: 'status', args: { code: 400, body: 'envelope' } }],
    ['GatewayError', { kind: 'status', args: { code: 403, body: 'newapi' } }],
    ['GatewayError', { kind: 'status', args: { body: 'envelope200' } }],
    ['TooManyCalls', { kind: 'status', args: { code: 429, body: 'empty' } }],
    ['AuthorizationServerUnavailable', { kind: 'status', args: { code: 500, body: 'empty' } }],
    ['AuthorizationServerUnavailable', { kind: 'reset_connection', args: { when: 'after_processing' } }],
    ['AuthorizationServerUnavailable', { kind: 'close_early' }],
    ['AuthorizationServerUnavailable', { kind: 'hang' }],
    ['AuthorizationServerUnavailable', { kind: 'slow', args: { body_bytes_per_s: 1 } }],
    ['AuthorizationServerBadResponse', { kind: 'status', args: { code: 200, body: 'html' } }],
    ['AuthorizationServerBadResponse', { kind: 'truncated' }],
    ['AuthorizationServerBadResponse', { kind: 'null' }],
    ['AuthorizationServerBadResponse', { kind: 'array' }],
    ['AuthorizationServerBadResponse', { kind: 'gzip_bomb', args: { bytes: 8_000_000 } }],
    ['AuthorizationServerBadResponse', { kind: 'redirect' }],
    ['AuthorizationServerBadResponse', { kind: 'extra_fields', args: { fields: { data: { client_id: 'c' } } } }]
  ] as const
  for (const [name, fault] of shapes) {
    emulator.faults.clear()
    emulator.faults.set({ ...fault, endpoint: 'apps' })
    const before = emulator.requests.length
    const failure = await failureOf(t, () => createApp(wanted, { appUrl: emulator.url, developerToken, timeoutMs: 500 }))
    t.equal(failure.name, name, JSON.stringify(fault))
    t.notMatch(`${failure.stack} ${String(failure.cause)}`, developerToken)
    t.equal(emulator.requests.length, before + 1)
  }
  emulator.faults.clear()
  emulator.faults.set({ kind: 'wrong_content_type', args: { value: 'none' } })
  t.match(await createApp(wanted, { appUrl: emulator.url, developerToken, timeoutMs: 500 }), { client_id: /^client_/ })
})
