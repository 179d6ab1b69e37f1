import { METHODS, type RequestListener } from 'node:http'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import { createAdmit } from './access/admission.ts'
import { createAssertions } from './access/assertion.ts'
import { createReadRequest } from './access/read-request.ts'
import { createRefusal } from './access/refusal.ts'
import { createStillPasses } from './access/still-passes.ts'
import { createTrustedProxies } from './access/trusted-proxies.ts'
import { accountPlugin } from './account/plugin.ts'
import { adminPlugin } from './admin/plugin.ts'
import { sessionAdminPlugin } from './admin/sessions.ts'
import { createAihubmixClient, refreshTimeoutMs } from './aihubmix/client.ts'
import { createCountedClient } from './aihubmix/counted-client.ts'
import { createSparing } from './aihubmix/sparing.ts'
import { createBearerClients } from './bearer/bearer-clients.ts'
import { createHeldConnections, type HeldConnections } from './bearer/held-connections.ts'
import { logoType } from './config/page-files.ts'
import type { Config } from './config/schema.ts'
import { createDoor } from './door/door.ts'
import { introduce, receiveFromDoor } from './door/plugin.ts'
import type { ErrorCode } from './errors.ts'
import { forwardAuthPlugin } from './forward-auth/plugin.ts'
import { createCodeExchanges } from './login/code-exchanges.ts'
import { createCurrentSession } from './login/current-session.ts'
import { createHandoff } from './login/handoff.ts'
import { loginPlugin } from './login/plugin.ts'
import { createRenewal } from './login/renewal.ts'
import { createSetCookies } from './login/set-cookies.ts'
import { watchOpenSessions } from './login/session-watch.ts'
import { createSignIn } from './login/sign-in.ts'
import { createTicketRotation } from './login/ticket-rotation.ts'
import { createLoginTransactions, transactionCookieMaxAgeMs } from './login/transaction.ts'
import { answerErrors, createErrorAnswer } from './pages/plugin.ts'
import { readAppearance } from './pages/read-appearance.ts'
import { requestIdOf } from './proxy/forwarded.ts'
import { createLiveConnections, type LiveConnections } from './proxy/live-connections.ts'
import { createPass } from './proxy/pass.ts'
import { proxyPlugin } from './proxy/plugin.ts'
import { createUpstreams } from './proxy/upstreams.ts'
import { acceptUpgrades } from './proxy/upgrades.ts'
import { sdkPlugin } from './sdk/plugin.ts'
import { createSessionAdministration } from './session/administration.ts'
import { createOwnCookies } from './session/cookies.ts'
import { createMeasuredStore } from './session/measured-store.ts'
import { createCookieSeals } from './session/plugin.ts'
import { openRateLimits } from './session/rate-limits.ts'
import type { SessionStore } from './session/store.ts'
import { createUserSessions } from './session/user-sessions.ts'
import { answerHalfClosed } from './server/half-closed.ts'
import { createOpened, type Opened } from './server/opened.ts'
import { createPublicServer, listeningWith } from './server/public-server.ts'
import { startTimeLimit } from './server/time-limit.ts'
import type { GatewayLog } from './telemetry/log.ts'
import type { GatewayMetrics } from './telemetry/metrics.ts'
import type { OpenTelemetry } from './telemetry/opentelemetry.ts'
import { beginStoreSpan } from './telemetry/store-spans.ts'
import { createFollow } from './telemetry/trail.ts'
import { createPassedOnTraces, createRemoteTraceOf } from './telemetry/trace.ts'

export interface GatewayOptions {
  readonly config: Config
  /** Belongs to the caller: it is not closed with the gateway. */
  readonly store: SessionStore
  readonly log: GatewayLog
  /** Belongs to the process: several gateways in turn may count in it. */
  readonly metrics: GatewayMetrics
  /** Where spans go; absent, the trace context of whoever calls is passed on and nothing is exported. */
  readonly beginTrace?: OpenTelemetry['beginTrace']
  /** The tunnels and event streams of several gateways in turn; then they are not ended with this one. */
  readonly live?: LiveConnections
  /** Of those, what access tokens have opened. */
  readonly held?: HeldConnections
  /** How often each session that holds something open is looked at, beside what the store tells. */
  readonly watchEveryMs?: number
  readonly now?: () => number
}

export interface Gateway {
  /** The public listener's application; not listening yet. */
  readonly app: FastifyInstance
  /** Serves a request of a listener that is not this gateway's own. */
  readonly serve: RequestListener
  /** The admin listener's. */
  readonly admin: FastifyInstance
  /** From now on this configuration is in force, and what is open is its to watch. One with no `live` of others has begun by itself. */
  takeOver (): void
  /** Another configuration has taken over: what is open is that one's to watch. Requests that run are finished. */
  handOver (): void
  /** `/ready` fails from now on; requests are served as before. */
  drain (): void
  /** Takes no new connection, ends WebSockets, lets requests and renewals end within `withinMs`, or until `hurry`, and cuts the rest. */
  close (withinMs: number, hurry?: AbortSignal): Promise<void>
}

/** The whole gateway. One that cannot be made leaves nothing open behind: a reload that is refused must cost nothing. */
export async function createGateway (options: GatewayOptions): Promise<Gateway> {
  const opened = createOpened()
  try {
    return await compose(options, opened)
  } catch (error) {
    await opened.closeAll()
    throw error
  }
}

/** In the order a request meets it. */
async function compose ({ config, store: bareStore, log: { log, writeAccessLine }, metrics, beginTrace = createPassedOnTraces, live: sharedLive, held = createHeldConnections(), watchEveryMs = 15_000, now = Date.now }: GatewayOptions, opened: Opened): Promise<Gateway> {
  let isDraining = false
  const hasStoreSpans = beginTrace !== createPassedOnTraces && config.session.redis !== null
  const store = createMeasuredStore(bareStore, metrics.storeCommand, hasStoreSpans ? beginStoreSpan : undefined)
  const ownCookies = createOwnCookies(config.session.cookieName)
  const trusted = createTrustedProxies(config.server.trustedProxies)
  const seals = await createCookieSeals({ keys: config.session.keys, ticketMaxAgeMs: config.session.maxAge, transactionMaxAgeMs: transactionCookieMaxAgeMs })
  opened.add(seals.close)
  const sessions = createUserSessions({ store, ticketSeal: seals.ticket, maxAgeMs: config.session.maxAge, idleTimeoutMs: config.session.idleTimeout, onLookup: metrics.cacheLookup, now })
  const aihubmix = createCountedClient(createAihubmixClient({
    aihubmix: config.aihubmix,
    subject: config.identity.subject,
    sparing: createSparing({ budget: config.aihubmix.budget, now, log }),
    onMoved: (host) => log.warn({ host }, 'AIHubMix is called at another host from now on'),
    onOddAnswer: (what) => log.warn({ what }, 'an answer of AIHubMix was odd'),
    now
  }), metrics)
  const transactions = createLoginTransactions({ seal: seals.transaction, cookiePrefix: ownCookies.loginPrefix, now })
  const cookies = createSetCookies({ isSecure: config.server.publicUrl.startsWith('https:'), domain: config.session.cookieDomain })
  const handoff = createHandoff({ config, seal: seals.handoff, now })
  const signIn = createSignIn({ config, aihubmix, transactions, handoff, cookies, ownCookies })
  const upstreams = createUpstreams(config.routes)
  opened.add(upstreams.close)
  const rateLimits = openRateLimits(config)
  opened.add(rateLimits.close)
  const live = sharedLive ?? createLiveConnections()
  const publicServer = createPublicServer(config.server)

  const noteError = (code: ErrorCode, request: FastifyRequest): void => {
    metrics.errorAnswer(code)
    request.trail.code = code
  }
  const loggerInstance: FastifyBaseLogger = log
  const appearance = await readAppearance({ ...config.pages, authorizationsUrl: config.aihubmix.authorizationsUrl, logoType })
  const answerError = createErrorAnswer({ appearance, originFor: handoff.originFor, onError: noteError })
  const renewal = createRenewal({
    sessions,
    aihubmix,
    identityMaxAgeMs: config.identity.maxAge,
    identityMaxStaleMs: config.identity.maxStale,
    waitMs: config.aihubmix.timeout,
    refreshTimeoutMs: refreshTimeoutMs(config.aihubmix),
    onOver (sessionId, end) {
      metrics.sessionEnded(end)
      live.endSession(sessionId)
    },
    onWaited: metrics.waitedForRenewal,
    now,
    log
  })
  const currentSession = createCurrentSession({ sessions, renewal, cookieName: ownCookies.session })
  const ticketRotation = createTicketRotation({ sessions, cookies, cookieName: ownCookies.session, keys: config.session.keys, maxAgeMs: config.session.maxAge, now })
  const stillPasses = createStillPasses(config, ({ host, target: { path } }) => log.warn({ host, path }, 'what is open at an address that the rules read in two ways is ended'))
  const watch = watchOpenSessions({ store, sessions, renewal, live, stillPasses, everyMs: watchEveryMs })
  opened.add(watch.stop)
  const bearerClients = createBearerClients({ aihubmix, config: config.aihubmix, stillPasses, held, now, everyMs: watchEveryMs })
  opened.add(bearerClients.stop)
  const admit = createAdmit({ config, currentSession, freshened: renewal.freshened, bearerUser: bearerClients.userOf, takeRate: rateLimits.take })
  const refusal = createRefusal({ log, metrics, now })
  const { assertion } = config.headers
  const assertions = assertion === null ? null : await createAssertions({ keys: config.session.keys, issuer: config.server.publicUrl, ttlMs: assertion.ttl, now })

  const upgrades = acceptUpgrades(live)
  const door = createDoor({
    idOf: (request) => requestIdOf(request, trusted),
    follow: createFollow({ writeAccessLine, metrics, beginTrace: beginTrace(createRemoteTraceOf(trusted.includes)) }),
    read: createReadRequest(config.server.limits),
    pass: createPass({ config, admit, refusal, assertions, signIn, upstreams, trusted, ownCookies, live, bearerClients, ticketRotation, metrics, upgradeOf: upgrades.upgradeOf }),
    own: (request, response) => { app.routing(request, response) }
  })
  const app: FastifyInstance = Fastify({
    ...listeningWith(publicServer.options, (request, response) => { door.serve(request, response) }),
    genReqId: (request) => door.met(request).exchange.id,
    frameworkErrors (error, request, reply) {
      const { answer } = introduce(request, reply, { met: door.met, log })
      answerError(answer instanceof Error ? answer : error, request, reply)
    }
  })
  neverParseBodies(app)
  upgrades.listen(app.server, door.serve)
  // Node would answer an expectation it does not know by itself, without a word (RFC 9110 §10.1.1).
  app.server.on('checkExpectation', door.serve)
  // And it would ask for every body, of who is refused too; who forwards one asks for it.
  app.server.on('checkContinue', door.serve)
  if (config.server.tls === null) answerHalfClosed(app.server)
  receiveFromDoor(app, { met: door.met, log })
  answerErrors(app, answerError)

  app.get('/oauth2/ping', async (_request, reply) => reply.header('cache-control', 'no-store').send('pong'))
  if (assertions !== null) app.get('/oauth2/jwks.json', async (_request, reply) => reply.headers({ 'cache-control': 'public, max-age=300', 'content-type': 'application/jwk-set+json' }).send(JSON.stringify(assertions.jwks)))
  await app.register(loginPlugin, { config, appearance, aihubmix, store, sessions, transactions, currentSession, signIn, handoff, cookies, ownCookies, codeExchanges: createCodeExchanges(config.aihubmix.budget), trusted, endConnections: live.endSession, metrics, now })
  await app.register(sdkPlugin)
  await app.register(accountPlugin, { aihubmix, currentSession, renewal, signIn, now })
  await app.register(forwardAuthPlugin, { config, admit, refusal, assertions, signIn, ticketRotation, ownCookies, trusted })
  await app.register(proxyPlugin, { met: door.met })

  const admin: FastifyInstance = Fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }) })
  await admin.register(adminPlugin, { store, isDraining: () => isDraining, metrics })
  if (config.admin.token !== null) await admin.register(sessionAdminPlugin, { administration: createSessionAdministration(store, now), token: config.admin.token, onRevoked: (count) => metrics.sessionEnded('revoked', count) })

  const takeOver = (): void => {
    watch.begin()
    bearerClients.begin()
  }
  if (sharedLive === undefined) takeOver()
  return {
    app,
    serve: door.serve,
    admin,
    takeOver,
    handOver () {
      watch.stop()
      bearerClients.stop()
    },
    drain () { isDraining = true },
    async close (withinMs, hurry) {
      isDraining = true
      if (sharedLive === undefined) live.endAll()
      publicServer.drain()
      const limit = startTimeLimit(withinMs, hurry)
      limit.isUp.then(() => { if (sharedLive === undefined) live.cutAll(); publicServer.cutAll(); app.server.closeAllConnections() })
      // A request that ends while we close leaves its kept-alive connection behind, which nobody would wait for.
      const sweeper = setInterval(() => app.server.closeIdleConnections(), 100)
      await app.close()
      clearInterval(sweeper)
      await Promise.race([renewal.settled(), limit.isUp])
      limit.cancel()
      renewal.abandon()
      await Promise.all([admin.close(), opened.closeAll()])
    }
  }
}

/** The public listener reads no body, ever: what is bound for an app is the app's to parse, and our own forms carry none. */
function neverParseBodies (app: FastifyInstance): void {
  for (const method of METHODS) if (method !== 'CONNECT') app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
}
