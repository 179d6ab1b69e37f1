import { Registry } from '@prometheus-io/client'
import type { ErrorCode } from '../errors.ts'
import type { StoreCommand } from '../session/measured-store.ts'
import { boundHistogram } from './bound-histogram.ts'
import { createInstruments, type Instruments } from './instruments.ts'

export type RefreshOutcome = 'success' | 'invalid_grant' | 'refused' | 'unavailable' | 'spared'
export type ReadOutcome = 'success' | 'invalid_token' | 'refused' | 'unavailable' | 'spared'
export type ProviderCall = 'authorization_code' | 'refresh_token' | 'userinfo' | 'topup'
/** Why a session ended before its time ran out. */
export type SessionEnd = 'sign_out' | 'replaced' | 'revoked' | 'not_allowed' | 'invalid_grant' | 'grant_refused' | 'no_refresh_token' | 'access_token_revoked' | 'account_disabled' | 'provider_refused' | 'user_changed'

/** What is counted of one route; labels are bound once, since this is called for every request. */
export interface RouteMetrics {
  answered (status: number, ms: number): void
  upstreamAnswered (ms: number): void
  upstreamFailed (code: ErrorCode): void
  denied (): void
  lowBalance (): void
}

/**
 * What the gateway counts of itself. It belongs to the process: a configuration that is read again goes on counting here.
 * Give a feature the few methods it calls (`Pick<GatewayMetrics, …>`), or a callback. No argument may come from a client.
 */
export interface GatewayMetrics {
  /** Ours alone, never the package's global one; for the cluster aggregator. */
  readonly registry: Registry
  /** By the route's configured name. Names beyond the first hundred are counted together, as `other`. */
  route (name: string): RouteMetrics
  errorAnswer (code: ErrorCode): void
  signIn (outcome: 'success' | ErrorCode): void
  refresh (outcome: RefreshOutcome): void
  waitedForRenewal (ms: number): void
  userinfoRead (outcome: ReadOutcome): void
  /** A call that was not made: AIHubMix does not answer, or the budget has none left for it. */
  callSpared (call: ProviderCall): void
  providerCall (call: ProviderCall, outcome: 'answered' | 'failed', ms: number): void
  sessionOpened (): void
  /** One session, or so many. */
  sessionEnded (reason: SessionEnd, count?: number): void
  storeCommand (command: StoreCommand, ms: number, isFailed: boolean): void
  cacheLookup (outcome: 'hit' | 'miss'): void
  /** By how many the open WebSockets became more, or less. */
  webSockets (change: 1 | -1): void
  eventStreams (change: 1 | -1): void
  configRead (outcome: 'success' | 'refused'): void
  /** A batch of spans. */
  tracesExported (outcome: 'success' | 'failed'): void
}

const mostRoutes = 100
const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

export function createMetrics (version: string): GatewayMetrics {
  const registry = new Registry()
  const instruments = createInstruments(registry)
  const { storeErrors, storeUp, webSockets, eventStreams, reloads, reloadWentWell, configuredAt } = instruments
  const routes = new Map<string, RouteMetrics>()
  const storeCommands = boundBy((command: StoreCommand) => instruments.storeCommands.labels(command))
  let isStoreUp = true

  beginAtZero(instruments)
  instruments.buildInfo.set({ version, node: process.versions.node }, 1)

  const noteStore = (isUp: boolean): void => {
    if (isUp === isStoreUp) return
    isStoreUp = isUp
    storeUp.set(isUp ? 1 : 0)
  }

  return {
    registry,
    route (name) {
      const known = routes.get(name)
      if (known !== undefined) return known
      if (routes.size >= mostRoutes && name !== 'other') return this.route('other')
      const metrics = createRouteMetrics(instruments, name)
      routes.set(name, metrics)
      return metrics
    },
    errorAnswer: (code) => instruments.errorAnswers.inc({ code }),
    signIn: (outcome) => instruments.signIns.inc({ outcome }),
    refresh: (outcome) => instruments.refreshes.inc({ outcome }),
    waitedForRenewal: (ms) => instruments.renewalWaits.observe(ms / 1000),
    userinfoRead: (outcome) => instruments.userinfoReads.inc({ outcome }),
    callSpared: (call) => instruments.callsSpared.inc({ call }),
    providerCall: (call, outcome, ms) => instruments.providerCalls.observe({ call, outcome }, ms / 1000),
    sessionOpened: () => instruments.sessionsOpened.inc(),
    sessionEnded: (reason, count = 1) => instruments.sessionsEnded.inc({ reason }, count),
    storeCommand (command, ms, isFailed) {
      noteStore(!isFailed)
      storeCommands(command).observe(ms / 1000)
      if (isFailed) storeErrors.inc({ command })
    },
    cacheLookup (outcome) { instruments.lookups[outcome]++ },
    webSockets: (change) => webSockets.inc(change),
    eventStreams: (change) => eventStreams.inc(change),
    configRead (outcome) {
      reloads.inc({ outcome })
      reloadWentWell.set(outcome === 'success' ? 1 : 0)
      if (outcome === 'success') configuredAt.setToCurrentTime()
    },
    tracesExported: (outcome) => instruments.traceExports.inc({ outcome })
  }
}

function createRouteMetrics ({ requests, upstreamAnswers, upstreamErrors, denials, lowBalanceDenials }: Instruments, route: string): RouteMetrics {
  const byClass = boundBy((status: number) => boundHistogram(requests, { route, status: statusClasses[status - 1] ?? 'other' }))
  const upstream = boundHistogram(upstreamAnswers, { route })
  return {
    answered: (status, ms) => byClass(Math.trunc(status / 100)).observe(ms / 1000),
    upstreamAnswered: (ms) => upstream.observe(ms / 1000),
    upstreamFailed: (code) => upstreamErrors.inc({ route, code }),
    denied: () => denials.inc({ route }),
    lowBalance: () => lowBalanceDenials.inc({ route })
  }
}

/** The child of a label, looked up once: the package builds a key from the labels at every other look. */
function boundBy<Label, Child> (child: (label: Label) => Child): (label: Label) => Child {
  const children = new Map<Label, Child>()
  return (label) => {
    const known = children.get(label) ?? child(label)
    children.set(label, known)
    return known
  }
}

/** What has never happened is 0 and not absent: an alert on its rate would miss the first one. */
function beginAtZero ({ signIns, refreshes, userinfoReads, sessionsOpened, storeUp, reloads, reloadWentWell, configuredAt, errorAnswers }: Instruments): void {
  signIns.inc({ outcome: 'success' }, 0)
  for (const outcome of ['success', 'invalid_grant', 'refused', 'unavailable']) refreshes.inc({ outcome }, 0)
  for (const outcome of ['success', 'unavailable']) userinfoReads.inc({ outcome }, 0)
  for (const code of ['internal_error', 'session_store_unavailable', 'provider_unavailable', 'renewal_unavailable']) errorAnswers.inc({ code }, 0)
  for (const outcome of ['success', 'refused']) reloads.inc({ outcome }, 0)
  sessionsOpened.inc(0)
  storeUp.set(1)
  reloadWentWell.set(1)
  configuredAt.setToCurrentTime()
}
