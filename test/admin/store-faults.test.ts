import t, { type Test } from 'tap'
import { request } from 'undici'
import { open, sessionCookie, signInTo, signOut } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startFaultProxy, type FaultProxy } from '../rig/fault-proxy.ts'
import { startRedis, type TestRedis } from '../rig/redis.ts'
import { startRig, type Rig } from '../rig/rig.ts'
import { timed, until } from '../rig/until.ts'

interface World { readonly rig: Rig, readonly redis: TestRedis, readonly network: FaultProxy, readonly ada: TestBrowser }

async function world (t: Test): Promise<World> {
  const redis = await startRedis()
  t.after(() => redis.close())
  const network = await startFaultProxy(redis.port)
  t.after(() => network.close())
  const rig = await startRig(t, { redisUrl: `redis://127.0.0.1:${network.port}/0` })
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  t.equal((await open(ada, '/a')).status, 200)
  return { rig, redis, network, ada }
}

async function unavailable (t: Test, ask: () => ReturnType<typeof open>): Promise<void> {
  const { result: { status, headers, setCookies }, tookMs } = await timed(ask)
  t.equal(status, 503)
  t.ok(Number(headers['retry-after']) > 0)
  t.strictSame(setCookies, [])
  t.ok(tookMs < 1_300, `after ${Math.round(tookMs)} ms`)
}

const ready = async ({ adminUrl }: Rig, path = 'ready'): Promise<number> => {
  const { statusCode, body } = await request(`${adminUrl}/${path}`)
  await body.dump()
  return statusCode
}

const away: Readonly<Record<string, { readonly break: (world: World) => unknown, readonly mend: (world: World) => unknown }>> = {
  'wants a password that nobody told us': {
    async break ({ redis }) {
      await redis.client.config('SET', 'requirepass', 'changed')
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    },
    async mend ({ redis }) { await redis.client.config('SET', 'requirepass', '') }
  },
  'answers after 5 s': {
    break ({ network }) { network.delay(5_000) },
    async mend ({ network }) { await network.restore() }
  }
}

for (const [what, fault] of Object.entries(away)) {
  t.test(`Redis ${what}: 503 within a second, public routes are served, no cookie is touched, and it heals by itself (T-114)`, async (t) => {
    const world_ = await world(t)
    const { rig, ada } = world_
    await fault.break(world_)
    await until(async () => (await open(ada, '/a')).status === 503)
    await Promise.all([() => open(ada, '/a'), () => signOut(ada), () => open(ada, '/oauth2/userinfo')].map((ask) => unavailable(t, ask)))
    t.equal((await open(ada, '/public/a')).status, 200)
    await until(async () => await ready(rig) === 503)
    t.equal(await ready(rig, 'live'), 200)
    t.ok(ada.cookies.has(sessionCookie))
    await fault.mend(world_)
    await until(async () => (await open(ada, '/a')).status === 200, 20_000)
    await until(async () => await ready(rig) === 200)
  })
}

const unwritable: typeof away = {
  'takes no writes (a replica)': {
    async break ({ redis }) { await redis.client.replicaof('127.0.0.1', 1) },
    async mend ({ redis }) { await redis.client.replicaof('NO', 'ONE') }
  },
  'is full': {
    async break ({ redis }) { await redis.client.config('SET', 'maxmemory', '1') },
    async mend ({ redis }) { await redis.client.config('SET', 'maxmemory', '0') }
  }
}

for (const [what, fault] of Object.entries(unwritable)) {
  t.test(`Redis ${what}: who is signed in is served, nobody new is, no cookie is touched, and it heals by itself (T-114)`, async (t) => {
    const world_ = await world(t)
    const { rig, ada } = world_
    await fault.break(world_)
    for (let times = 0; times < 3; times++) {
      const { status, setCookies } = await open(ada, '/a')
      t.equal(status, 200)
      t.strictSame(setCookies, [])
    }
    const ben = rig.newBrowser()
    const { status, setCookies } = await signInTo(rig, ben, '/', 'rich')
    t.equal(status, 503)
    t.notOk(setCookies.some((cookie) => cookie.startsWith(`${sessionCookie}=`)))
    t.equal((await open(ada, '/public/a')).status, 200)
    t.equal(await ready(rig, 'live'), 200)
    await fault.mend(world_)
    await until(async () => (await signInTo(rig, ben, '/', 'rich')).status === 303)
    t.equal((await open(ada, '/a')).status, 200)
  })
}
