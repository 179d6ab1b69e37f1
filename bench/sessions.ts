import { parseArgs } from 'node:util'
import { request } from 'undici'
import { loadConfig } from '../src/config/load.ts'
import { openStore } from '../src/session/open-store.ts'
import { createCookieSeals } from '../src/session/plugin.ts'
import { createUserSessions, type UserSessions } from '../src/session/user-sessions.ts'
import { startRedis, type TestRedis } from '../test/rig/redis.ts'
import { app, sessionKey, startRig, type Rig } from '../test/rig/rig.ts'
import { sessionOf } from './candidates/gateway-sessions.ts'

const help = `node bench/sessions.ts [--sessions 100000] [--active 2000] [--requests 10]

What sessions cost Redis: memory of each, and commands per request, per renewal and per idle session. Counts, not times: they hold on a
busy machine.`

const { values: flags } = parseArgs({ options: { sessions: { type: 'string', default: '100000' }, active: { type: 'string', default: '2000' }, requests: { type: 'string', default: '10' }, help: { type: 'boolean', default: false } } })
const [sessionCount, activeCount, rounds] = [Number(flags.sessions), Number(flags.active), Number(flags.requests)]

const day = 86_400_000
const undos: (() => unknown)[] = []
const teardown = { after (undo: () => unknown) { undos.unshift(undo) } }

async function counts (redis: TestRedis): Promise<ReadonlyMap<string, number>> {
  const stats = await redis.client.info('commandstats')
  return new Map(Array.from(stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm), ([, name = '', calls]) => [name, Number(calls)]))
}

/** What a step made Redis do, without what the bench itself, health checks and the word of changes do beside it. */
async function commandsOf (redis: TestRedis, step: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const before = await counts(redis)
  await step()
  const after = await counts(redis)
  const ours = [...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const).filter(([name, calls]) => calls > 0 && !/^(info|ping|client|scan|exists)/.test(name))
  return Object.fromEntries(ours)
}

async function usedBytes (redis: TestRedis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.client.info('memory'))?.[1] ?? 0)
}

async function inParts<Item> (items: readonly Item[], size: number, each: (item: Item) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += size) await Promise.all(items.slice(from, from + size).map(each))
}

async function seeded (rig: Rig, sessions: UserSessions): Promise<readonly string[]> {
  const cookies: string[] = []
  await inParts(Array.from({ length: activeCount }, (_value, number) => number), 20, async (number) => {
    rig.emulator.users.set(`user${number}`, { id: 1_000_000 + number })
    const { code } = rig.emulator.authorize({ username: `user${number}`, clientId: app.clientId, redirectUri: app.redirectUri })
    const answer = await fetch(`${rig.emulator.url}/api/oauth2/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code, client_id: app.clientId, client_secret: app.clientSecret, redirect_uri: app.redirectUri }) })
    const tokens = await answer.json() as { readonly access_token: string, readonly refresh_token: string }
    cookies.push((await sessions.begin(sessionOf(number, rig.emulator.clock.now(), { accessToken: tokens.access_token, refreshToken: tokens.refresh_token }))).cookieValue)
  })
  return cookies
}

const perEach = (commands: Readonly<Record<string, number>>, count: number): string => {
  const sum = Object.values(commands).reduce((total, calls) => total + calls, 0)
  return `${(sum / count).toFixed(3)}  ${Object.entries(commands).map(([name, calls]) => `${name} ${(calls / count).toFixed(3)}`).join(', ')}`
}

async function main (): Promise<void> {
  if (flags.help) return console.log(help)
  const redis = await startRedis()
  teardown.after(() => redis.close())
  // Nothing but the store is to be seen: AIHubMix may be asked as often as it takes.
  const rig = await startRig(teardown, { redisUrl: redis.url, upstream (_request, response) { response.end('{}') }, config: { aihubmix: { clientId: app.clientId, clientSecret: app.clientSecret, budget: { requests: 10_000_000, window: '1m' } } } })
  const { config } = await loadConfig({ env: { GATEWAY_SERVER_PUBLIC_URL: 'https://gw.test', GATEWAY_AIHUBMIX_CLIENT_ID: app.clientId, GATEWAY_AIHUBMIX_CLIENT_SECRET: app.clientSecret, GATEWAY_SESSION_KEYS: sessionKey, GATEWAY_SESSION_REDIS_URL: redis.url, GATEWAY_UPSTREAM: rig.upstream.url } })
  const store = openStore(config, { info () {}, warn () {}, error () {} })
  teardown.after(() => store.close())
  const seals = await createCookieSeals({ keys: [Buffer.from(sessionKey, 'base64')], ticketMaxAgeMs: 30 * day, transactionMaxAgeMs: day })
  teardown.after(() => seals.close())
  const sessions = createUserSessions({ store, ticketSeal: seals.ticket, maxAgeMs: 30 * day, idleTimeoutMs: 7 * day, now: rig.emulator.clock.now })

  const emptyBytes = await usedBytes(redis)
  const idle = await commandsOf(redis, () => inParts(Array.from({ length: sessionCount - activeCount }, (_value, number) => activeCount + number), 500, (number) => sessions.begin(sessionOf(number, rig.emulator.clock.now()))))
  const cookies = await seeded(rig, sessions)
  const fullBytes = await usedBytes(redis)

  const all = (times: number): Promise<void> => inParts(Array.from({ length: times * cookies.length }, (_value, index) => cookies[index % cookies.length] ?? ''), 50, async (cookie) => {
    const { statusCode, body } = await request(`${rig.url}/a`, { headers: { host: 'gw.test', cookie: `__Host-aihubmix=${cookie}` } })
    await body.dump()
    if (statusCode !== 200) throw new Error(`status ${statusCode}`)
  })
  const first = await commandsOf(redis, () => all(1))
  const next = await commandsOf(redis, () => all(rounds))
  rig.emulator.clock.advance('31s')
  const reread = await commandsOf(redis, async () => { await all(1); await quiet(rig) })
  rig.emulator.clock.advance('2h')
  const refresh = await commandsOf(redis, async () => { await all(1); await quiet(rig) })
  const nothing = await commandsOf(redis, () => new Promise((resolve) => setTimeout(resolve, 10_000)))

  console.log(`
sessions in Redis                              ${sessionCount}, of them active ${activeCount}
memory of a session (with its user's list)     ${Math.round((fullBytes - emptyBytes) / sessionCount)} bytes; all together ${Math.round((fullBytes - emptyBytes) / 1024 / 1024)} MiB
commands to begin a session                    ${perEach(idle, sessionCount - activeCount)}
commands per request, first of a session here  ${perEach(first, cookies.length)}
commands per request, after that               ${perEach(next, rounds * cookies.length)}
commands per request that re-reads identity    ${perEach(reread, cookies.length)}
commands per request that refreshes tokens     ${perEach(refresh, cookies.length)}
commands in 10 s without requests              ${perEach(nothing, 1)}
an idle session over 30 days                   no command; its memory until session.idleTimeout (7 days), then Redis lets go of it by itself`)
}

/** Renewals go on behind the answers. */
async function quiet ({ emulator }: Rig): Promise<void> {
  for (let before = -1; before !== emulator.requests.length;) {
    before = emulator.requests.length
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  }
}

try {
  await main()
} finally {
  for (const undo of undos) await undo()
}
