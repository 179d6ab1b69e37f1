import { once } from 'node:events'
import t from 'tap'
import { WebSocket } from 'ws'
import { startProcess } from '../rig/process.ts'
import { get, sendRaw } from '../rig/raw.ts'
import { startRedis } from '../rig/redis.ts'
import { until } from '../rig/until.ts'
import { acceptWebSockets, pidsOf, ready, startWorkers } from './started.ts'

const redis = await startRedis()
t.after(() => redis.close())

t.test('SIGTERM lets what runs end in every worker, tells WebSockets 1012, and ends with 0', async (t) => {
  const held: (() => void)[] = []
  const served = await startWorkers(t, {
    redisUrl: redis.url,
    server: { drain: { delay: '0s', timeout: '10s' } },
    upstream: (request, response) => {
      if (request.url === '/public/slow') held.push(() => response.end('done'))
      else response.end()
    }
  })
  acceptWebSockets(served)
  const pids = await pidsOf(served)
  const slow = Array.from({ length: 4 }, () => sendRaw(served.port, get('/public/slow')))
  const sockets = await Promise.all(Array.from({ length: 4 }, async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/public/ws`, { headers: { host: 'gw.test' } })
    await once(socket, 'open')
    return socket
  }))
  await until(() => held.length === 4)
  const codes = Promise.all(sockets.map(async (socket) => (await once(socket, 'close'))[0]))
  const ended = served.process.end()
  t.strictSame(await codes, [1012, 1012, 1012, 1012])
  for (const end of held) end()
  for (const { status, text } of await Promise.all(slow)) t.match([status, text], [200, /done/])
  t.equal(await ended, 0)
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'none is left behind')
})

t.test('a terminal that interrupts every process at once cuts no drain short', async (t) => {
  const held: (() => void)[] = []
  const served = await startWorkers(t, {
    redisUrl: redis.url,
    server: { drain: { delay: '1s', timeout: '10s' } },
    upstream: (_request, response) => { held.push(() => response.end('done')) }
  })
  const slow = sendRaw(served.port, get('/public/slow'))
  await until(() => held.length === 1)
  for (const pid of await pidsOf(served)) process.kill(pid, 'SIGINT')
  const ended = served.process.end('SIGINT')
  await served.process.saying(/draining/)
  t.equal((await ready(served)).code, 503)
  held[0]?.()
  t.equal((await slow).status, 200)
  t.equal(await ended, 0)
})

t.test('a further signal while it closes cuts what still runs in every worker, and all end in good order', async (t) => {
  const served = await startWorkers(t, {
    redisUrl: redis.url,
    server: { drain: { delay: '0s', timeout: '10m' } },
    upstream: (_request, response) => { response.write('for ever') }
  })
  const pids = await pidsOf(served)
  const cut = Array.from({ length: 4 }, () => sendRaw(served.port, get('/public/for-ever')))
  await until(() => served.upstream.seen.length === 4)
  served.process.child.kill('SIGTERM')
  await served.process.saying(/closing: what runs may end/)
  t.equal(await served.process.end('SIGTERM'), 0)
  for (const { text } of await Promise.all(cut)) t.notMatch(text, /0\r\n\r\n$/, 'never a clean end')
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'none is left behind')
  await until(() => served.process.output().split('"isCut":true').length > 4)
  t.notMatch(served.process.output(), 'are killed')
})

t.test('when the first process is killed its workers end too', async (t) => {
  const served = await startWorkers(t, { redisUrl: redis.url, server: { drain: { delay: '0s', timeout: '1s' } } })
  const pids = await pidsOf(served)
  served.process.child.kill('SIGKILL')
  for (const pid of pids) {
    await until(() => {
      try {
        process.kill(pid, 0)
        return false
      } catch {
        return true
      }
    })
  }
  t.pass()
})

t.test('an address that is taken is said, and ends the start', async (t) => {
  const served = await startWorkers(t, { redisUrl: redis.url })
  const other = startProcess(['serve', '--config', served.configFile], { GATEWAY_ADMIN_LISTEN: '127.0.0.1:0' })
  await once(other.child, 'close')
  t.equal(other.child.exitCode, 1)
  t.match(other.output(), `127.0.0.1:${served.port} is in use by another program.`)
  t.equal((await ready(served)).code, 200)
})

t.end() // Redis goes with it
