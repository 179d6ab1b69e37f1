import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { startServed } from '../reload/served.ts'
import { startProcess } from '../rig/process.ts'
import { freePort } from '../rig/redis.ts'

/** A machine whose resolver names ::1 for `localhost` before 127.0.0.1; not every one that runs this does. */
const ipv6First = `data:text/javascript,${encodeURIComponent(`
import dns from 'node:dns'
import promises from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
const localhost = (order) => order === 'ipv4first' ? { address: '127.0.0.1', family: 4 } : { address: '::1', family: 6 }
const { lookup } = dns
const asked = promises.lookup
promises.lookup = async (name, options) => name === 'localhost' ? localhost(options?.order) : await asked(name, options)
dns.lookup = (name, ...rest) => {
  const { address, family } = localhost(rest[0].order)
  return name === 'localhost' ? rest.at(-1)(null, address, family) : lookup(name, ...rest)
}
syncBuiltinESMExports()`)}`

const isReached = (port: number, host: string): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, host, () => { socket.destroy(); resolve(true) }).on('error', () => resolve(false))
})

t.test('localhost is 127.0.0.1, whatever the machine names first', async (t) => {
  const [port, adminPort] = [await freePort(), await freePort()]
  await startServed(t, { over: { server: { listen: `localhost:${port}` }, admin: { listen: `localhost:${adminPort}` } }, env: { NODE_OPTIONS: `--import=${ipv6First}` } })
  for (const taken of [port, adminPort]) t.strictSame([await isReached(taken, '127.0.0.1'), await isReached(taken, '::1')], [true, false])
})

t.test('a name that is none is said in two lines, and ends the start', async (t) => {
  const command = startProcess(['serve'], {
    GATEWAY_SERVER_PUBLIC_URL: 'https://gw.test',
    GATEWAY_AIHUBMIX_CLIENT_ID: 'c',
    GATEWAY_AIHUBMIX_CLIENT_SECRET: 's',
    GATEWAY_UPSTREAM: 'http://127.0.0.1:1',
    GATEWAY_LOG_LEVEL: 'silent',
    GATEWAY_SERVER_LISTEN: 'nowhere.invalid:0'
  })
  await once(command.child, 'close')
  t.equal(command.child.exitCode, 1)
  t.equal(command.output(), 'nowhere.invalid is no name of this machine: it has no address.\nChoose an address to listen on: server.listen, or GATEWAY_SERVER_LISTEN.\n')
})
