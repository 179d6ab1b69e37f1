import { once } from 'node:events'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { errorCatalogue, GatewayError, type ErrorCode } from '../../src/errors.ts'
import { plain } from '../../src/pages/appearance.ts'
import { answerErrors, createErrorAnswer } from '../../src/pages/plugin.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { navigation } from '../login/attempt.ts'
import { startProcess } from '../rig/process.ts'
import { startRedis } from '../rig/redis.ts'
import { sendRaw } from '../rig/raw.ts'
import { startServed, type Served } from '../reload/served.ts'
import { until } from '../rig/until.ts'
import { startRawUpstream } from '../security/attack.ts'

const planted = {
  bearer: 'planted-bearer-token-0815',
  basic: Buffer.from('planted-user:planted-password-0815').toString('base64'),
  cookie: 'planted-app-cookie-0815',
  query: 'planted-query-token-0815',
  protocol: 'planted-socket-token-0815',
  code: 'planted-code-0815',
  state: 'planted-state-0815',
  body: 'planted-body-0815',
  redis: 'planted-redis-password-0815',
  broken: 'planted-in-a-broken-answer-0815'
} as const

/** Fails for each secret that stands in the text, in any spelling a log could give it. */
function nothingIn (t: Test, text: string, secrets: Iterable<string>): void {
  for (const secret of secrets) {
    for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex'), Buffer.from(secret).join(',')]) {
      const at = text.indexOf(spelling)
      t.equal(at, -1, at === -1 ? 'no secret' : `${secret.slice(0, 14)}… at ${text.slice(Math.max(0, at - 200), at + 20)}`)
    }
  }
}

/** Everything AIHubMix was told or gave, and what the browsers hold. */
function ownSecrets ({ emulator }: Served, cookies: Iterable<string>): ReadonlySet<string> {
  const said = emulator.requests.flatMap(({ headers, body, query }) => [headers['authorization']?.replace(/^Bearer /, ''), body['code'], body['refresh_token'], body['client_secret'], query['state']])
  return new Set([...said, ...cookies].filter((value) => value !== undefined).filter((value) => value.length > 8))
}

for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) {
  t.test(`whatever goes well or wrong, no secret is in what the program writes at level ${level} (T-135)`, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.close())
    await redis.client.config('SET', 'requirepass', planted.redis)
    await redis.client.auth(planted.redis)
    const broken = await startRawUpstream(t, (socket) => socket.end(`HTTP/1.1 200 OK\r\nSet-Cookie: a=${planted.broken}\r\nbad header ${planted.broken}\r\n\r\n`))
    const sessionKey = Buffer.alloc(32, 9).toString('base64')
    const served = await startServed(t, {
      isQuiet: true,
      over: { session: { keys: [sessionKey], redis: { url: `redis://:${planted.redis}@127.0.0.1:${redis.port}` } }, log: { level } },
      routes: (upstream) => [{ path: '/', upstream }, { path: '/public', upstream, access: 'anyone' }, { path: '/broken', upstream: broken.url, access: 'anyone' }, { path: '/closed', upstream, access: 'nobody' }]
    })
    const sockets = new WebSocketServer({ noServer: true })
    served.upstream.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => { ws.send('hello') }))
    const [ada, eve] = [served.newBrowser(), served.newBrowser()]
    await ada.signIn('user123', `/deep?token=${planted.query}`)
    const cookies = new Set(ada.cookies.values())

    await ada.fetch(`/a?access_token=${planted.query}`, { method: 'POST', headers: { authorization: `Bearer ${planted.bearer}`, cookie: `${ada.cookieHeader()}; app=${planted.cookie}` }, body: planted.body })
    await eve.fetch(`/a?access_token=${planted.query}`, { headers: { authorization: `Basic ${planted.basic}` } })
    for (const path of ['/broken', '/closed', '/oauth2/topup', '/oauth2/userinfo?fresh=1', '/oauth2/auth', '/oauth2/nothing']) await ada.fetch(`${path}${path.includes('?') ? '&' : '?'}x=${planted.query}`, { headers: { ...navigation, authorization: `Bearer ${planted.bearer}` } })
    await eve.fetch(`/oauth2/callback?code=${planted.code}&state=${planted.state}`, { headers: navigation })
    await eve.fetch(`/oauth2/callback?error=${planted.code}&error_description=${planted.body}&state=${planted.state}`, { headers: navigation })
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/live?token=${planted.query}`, [planted.protocol], { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
    await once(socket, 'message').catch(() => {})
    socket.terminate()
    await sendRaw(served.port, `GET /a HTTP/1.1\r\nHost: gw.test\r\nCookie: app=${planted.cookie}\r\nbroken line ${planted.bearer}\r\n\r\n`)
    await fetch(`${served.adminUrl}/nothing?token=${planted.query}`, { headers: { authorization: `Bearer ${planted.bearer}` } })
    served.emulator.grants.revoke('user123')
    await ada.fetch('/oauth2/userinfo?fresh=1')
    await redis.stop()
    await ada.fetch('/a', { headers: { ...navigation, authorization: `Bearer ${planted.bearer}` } })
    await served.process.end()

    if (level === 'trace') t.match(served.process.output(), /"msg":"request"/)
    if (level === 'error') t.match(served.process.output(), /upstream_bad_response/, 'what an app broke is logged, without its bytes')
    nothingIn(t, served.process.output(), [...Object.values(planted), sessionKey, ...ownSecrets(served, cookies)])
  })
}

t.test('whichever code of the catalogue is answered: neither its line nor its answer holds what the request carried (T-135, T-137)', async (t) => {
  const lines: string[] = []
  const log = createLog('trace', { write: (line) => { lines.push(line) } })
  const loggerInstance: FastifyBaseLogger = log.log
  const app: FastifyInstance = Fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }), genReqId: () => 'the-request-id' })
  t.after(() => app.close())
  app.decorateRequest('target', null as never)
  app.addHook('onRequest', async (request) => { request.target = { raw: '/a', path: '/a', laxPath: '/a', isReserved: false } })
  answerErrors(app, createErrorAnswer({ originFor: () => 'https://gw.test', appearance: plain, onError () {} }))
  app.all('/:code', async (request) => {
    const { code } = request.params as { readonly code: ErrorCode }
    const cause = Object.assign(new Error('what happened'), { data: Buffer.from(planted.broken), command: { args: [planted.redis] }, input: planted.query, config: { headers: request.headers } })
    throw new GatewayError(code, { cause })
  })
  for (const code of Object.keys(errorCatalogue)) {
    for (const accept of ['text/html', 'application/json']) {
      lines.length = 0
      const { body, statusCode } = await app.inject({ method: 'POST', url: `/${code}?token=${planted.query}`, headers: { accept, authorization: `Bearer ${planted.bearer}`, cookie: `a=${planted.cookie}`, 'content-type': 'text/plain' } })
      t.equal(statusCode, errorCatalogue[code as ErrorCode].status, code)
      nothingIn(t, lines.join('') + body, Object.values(planted))
      t.match(body, 'the-request-id')
      t.match(lines.join(''), new RegExp(`"id":"the-request-id".*"code":"${code}".*what happened`), 'the log says what the answer does not')
      t.notMatch(body, /what happened|at .*\.ts:\d/)
    }
  }
})

t.test('app create: neither the developer token nor the new secret is printed where it does not belong', async (t) => {
  const served = await startServed(t)
  const token = 'planted-developer-token-0815'
  const created = startProcess(['app', 'create', '--name', 'x', '--redirect-uri', 'https://gw.test/oauth2/callback', '--secret-file', `${served.folder}/secret`], { AIHUBMIX_DEVELOPER_TOKEN: token, GATEWAY_AIHUBMIX_APP_URL: served.emulator.url })
  await until(() => created.child.exitCode !== null)
  nothingIn(t, created.output(), [token])
})
