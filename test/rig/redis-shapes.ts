import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { createAuthority } from './certificates.ts'
import { freePort, redisArguments, redisServer } from './redis.ts'
import { until } from './until.ts'

const run = promisify(execFile)

/** Redis in the shapes that operators run it in, real and on loopback; stack.md's appendix B as a rig. */
export interface RedisShape {
  /** For `session.redis` of a configuration. */
  readonly config: Readonly<Record<string, unknown>>
  /** A client of the test's own at every data node. */
  readonly clients: readonly Redis[]
  close (): Promise<void>
}

export interface RedisNode {
  readonly port: number
  /** Another one after it was revived. */
  process: ChildProcess
  readonly client: Redis
}

/** For the test's own clients: what is tried is the gateway's. */
const unverified = { rejectUnauthorized: false }

async function newFolder (): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'gateway-redis-'))
}

async function launch (program: string, args: readonly string[], ready: RegExp): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (ready.test(output)) break
  }
  if (!ready.test(output)) throw new Error(`${program} did not start: ${output}`)
  child.stdout.resume() // or it would stop at a full pipe
  return child
}

/** Files for servers that speak TLS only, to each other too. */
interface NodeTls { readonly certFile: string, readonly keyFile: string, readonly caFile: string }

/** What a server, or a Sentinel, is told of its port; as words of a configuration file. */
function portSettings (port: number, tls: NodeTls | null): readonly string[] {
  if (tls === null) return [`port ${port}`]
  return ['port 0', `tls-port ${port}`, `tls-cert-file ${tls.certFile}`, `tls-key-file ${tls.keyFile}`, `tls-ca-cert-file ${tls.caFile}`, 'tls-auth-clients no', 'tls-replication yes']
}

function launchNode (folder: string, port: number, options: readonly string[], tls: NodeTls | null): Promise<ChildProcess> {
  return launch(redisServer, [...redisArguments, ...portSettings(port, tls).flatMap((line) => `--${line}`.split(' ')), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', join(folder, String(port)), ...options], /Ready to accept connections/)
}

async function startNode (folder: string, options: readonly string[], password?: string, tls: NodeTls | null = null): Promise<RedisNode> {
  const port = await freePort()
  await mkdir(join(folder, String(port)))
  const child = await launchNode(folder, port, options, tls)
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, ...(password === undefined ? {} : { password }), ...(tls === null ? {} : { tls: unverified }) })
  client.on('error', () => {})
  return { port, process: child, client }
}

async function end (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function closing (folder: string, nodes: readonly RedisNode[], others: readonly ChildProcess[] = []): () => Promise<void> {
  return async () => {
    for (const { client } of nodes) client.disconnect()
    await Promise.all([...nodes.map(({ process }) => process), ...others].map(end))
    await rm(folder, { recursive: true, force: true })
  }
}

export interface SentinelRig extends RedisShape {
  /** The node the sentinels name as master now. */
  master (): Promise<RedisNode>
  readonly nodes: readonly RedisNode[]
  /** A master with a replica that is up to date, and sentinels that know both. */
  isWhole (): Promise<boolean>
  /** Hands over to the replica, as an operator does. */
  failover (): Promise<void>
  /** Starts a node that was killed again, empty, as the replica of whoever is master. */
  revive (node: RedisNode): Promise<void>
}

/** A master, a replica and three sentinels, all with passwords; with `isTls` none of them speaks anything but TLS. */
export async function startSentinels ({ isTls = false } = {}): Promise<SentinelRig> {
  const folder = await newFolder()
  const authority = isTls ? createAuthority() : null
  const tls = authority === null ? null : { ...authority.issue('DNS:localhost', 'IP:127.0.0.1'), caFile: authority.caFile }
  const passwords = ['--requirepass', 'data-password', '--masterauth', 'data-password']
  const first = await startNode(folder, passwords, 'data-password', tls)
  const replica = await startNode(folder, [...passwords, '--replicaof', '127.0.0.1', String(first.port)], 'data-password', tls)
  const nodes = [first, replica]
  await until(async () => /master_link_status:up/.test(await replica.client.info('replication')), 20_000)
  const ports = await Promise.all([1, 2, 3].map(() => freePort()))
  const sentinels = await Promise.all(ports.map(async (port) => {
    const file = join(folder, `sentinel-${port}.conf`)
    await writeFile(file, [
      ...portSettings(port, tls), 'bind 127.0.0.1', `dir ${folder}`, `sentinel monitor mymaster 127.0.0.1 ${first.port} 2`, 'sentinel auth-pass mymaster data-password',
      'sentinel down-after-milliseconds mymaster 700', 'sentinel failover-timeout mymaster 3000', 'requirepass sentinel-password', 'sentinel sentinel-pass sentinel-password', ''
    ].join('\n'))
    return await launch(redisServer, [...redisArguments, file, '--sentinel'], /monitor master mymaster/)
  }))
  const asked = new Redis({ port: ports[0] ?? 0, host: '127.0.0.1', password: 'sentinel-password', ...(tls === null ? {} : { tls: unverified }) })
  asked.on('error', () => {})
  // Before they know each other and the replica there is nobody to fail over to.
  await until(async () => /slaves=1,sentinels=3/.test(await asked.info('sentinel')), 20_000)
  const close = closing(folder, nodes, sentinels)
  const master = async (): Promise<RedisNode> => {
    const [, port] = await asked.call('SENTINEL', 'get-master-addr-by-name', 'mymaster') as [string, string]
    const found = nodes.find((node) => node.port === Number(port))
    if (found === undefined) throw new Error(`no node on port ${port}`)
    return found
  }
  return {
    nodes,
    async isWhole () {
      const infos = await Promise.all(nodes.map(({ client }) => client.info('replication').catch(() => '')))
      return infos.some((info) => /role:slave[^]*master_link_status:up/.test(info)) && infos.some((info) => /role:master[^]*connected_slaves:1/.test(info)) && /status=ok,[^\n]*slaves=1,sentinels=3/.test(await asked.info('sentinel'))
    },
    async failover () { await asked.call('SENTINEL', 'FAILOVER', 'mymaster').catch(() => {}) }, // one may be under way
    async revive (node) {
      await until(async () => await master() !== node, 30_000) // it has forgotten everything: never again as master
      node.process = await launchNode(folder, node.port, [...passwords, '--replicaof', '127.0.0.1', String((await master()).port)], tls)
    },
    config: {
      sentinels: { masterName: 'mymaster', nodes: ports.map((port) => `127.0.0.1:${port}`), password: 'sentinel-password' },
      password: 'data-password',
      ...(tls === null ? {} : { tls: { ca: tls.caFile } })
    },
    clients: nodes.map(({ client }) => client),
    master,
    async close () {
      asked.disconnect()
      await close()
    }
  }
}

export interface ClusterRig extends RedisShape {
  readonly nodes: readonly RedisNode[]
  /** The node that has this key now. */
  ownerOf (key: string): Promise<RedisNode>
  /** Hands the slot of this key to another master, keys and all. */
  moveSlotOf (key: string): Promise<void>
}

/** Three masters with a replica each. */
export async function startCluster (): Promise<ClusterRig> {
  const folder = await newFolder()
  const nodes = await Promise.all(Array.from({ length: 6 }, async () => await startNode(folder, [
    '--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '1000', '--cluster-port', String(await freePort())
  ])))
  await run('redis-cli', ['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`), '--cluster-replicas', '1', '--cluster-yes'])
  await until(async () => (await Promise.all(nodes.map(({ client }) => client.cluster('INFO')))).every((info) => /cluster_state:ok/.test(String(info))), 20_000)
  await until(async () => (await Promise.all(nodes.map(({ client }) => client.info('replication')))).every((info) => /role:master/.test(info) || /master_link_status:up/.test(info)), 20_000)

  const living = (): readonly RedisNode[] => nodes.filter(({ process }) => process.exitCode === null && process.signalCode === null)
  const slotOf = async (key: string): Promise<number> => await living()[0]?.client.cluster('KEYSLOT', key) as number
  const at = (port: number): RedisNode => {
    const node = nodes.find((candidate) => candidate.port === port)
    if (node === undefined) throw new Error(`no node on port ${port}`)
    return node
  }
  const ownerOf = async (key: string): Promise<RedisNode> => {
    const slot = await slotOf(key)
    const ranges = await living()[0]?.client.cluster('SLOTS') ?? []
    const range = ranges.find(([first, last]) => first <= slot && slot <= last)
    return at(Number(range?.[2]?.[1] ?? 0))
  }

  return {
    nodes,
    ownerOf,
    async moveSlotOf (key) {
      const slot = await slotOf(key)
      const from = await ownerOf(key)
      const masters = (await Promise.all(nodes.map(async (node) => /role:master/.test(await node.client.info('replication')) ? node : null))).filter((node) => node !== null)
      const to = masters.find((node) => node !== from)
      if (to === undefined) throw new Error('no other master')
      const [fromId, toId] = await Promise.all([from, to].map(async ({ client }) => String(await client.cluster('MYID'))))
      await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId ?? '')
      await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId ?? '')
      const keys = await from.client.cluster('GETKEYSINSLOT', slot, 1_000) as readonly string[]
      if (keys.length > 0) await from.client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
      for (const { client } of [to, from, ...masters]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId ?? '')
    },
    config: { cluster: nodes.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`) },
    clients: nodes.map(({ client }) => client),
    close: closing(folder, nodes)
  }
}

/** One server that speaks TLS only, and knows one user who may touch the keys of one prefix. */
export async function startTlsRedis (): Promise<RedisShape & { readonly port: number, readonly ca: string }> {
  const folder = await newFolder()
  const inFolder = (name: string): string => join(folder, name)
  const certificate = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await run('openssl', [...certificate, '-x509', '-days', '2', '-keyout', inFolder('ca.key'), '-out', inFolder('ca.crt'), '-subj', '/CN=test-ca'])
  await run('openssl', [...certificate, '-keyout', inFolder('server.key'), '-out', inFolder('server.csr'), '-subj', '/CN=server', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'])
  await run('openssl', ['x509', '-req', '-in', inFolder('server.csr'), '-CA', inFolder('ca.crt'), '-CAkey', inFolder('ca.key'), '-CAcreateserial', '-days', '2', '-out', inFolder('server.crt'), '-copy_extensions', 'copy'])
  // What decision 0036 and the documentation tell operators to grant.
  await writeFile(inFolder('acl.txt'), `user gateway on >acl-password ~gw:* resetchannels &__redis__:invalidate ${aclCommands}\nuser default on nopass ~* &* +@all\n`)
  const port = await freePort()
  const child = await launch(redisServer, [
    ...redisArguments, '--port', '0', '--tls-port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, '--tls-cert-file', inFolder('server.crt'),
    '--tls-key-file', inFolder('server.key'), '--tls-ca-cert-file', inFolder('ca.crt'), '--tls-auth-clients', 'optional', '--aclfile', inFolder('acl.txt')
  ], /Ready to accept connections/)
  const client = new Redis({ port, host: '127.0.0.1', tls: { rejectUnauthorized: false } })
  client.on('error', () => {})
  return {
    port,
    ca: inFolder('ca.crt'),
    config: { url: `rediss://127.0.0.1:${port}`, username: 'gateway', password: 'acl-password', keyPrefix: 'gw:', tls: { ca: inFolder('ca.crt') } },
    clients: [client],
    close: closing(folder, [{ port, process: child, client }])
  }
}

/** All an ACL user of the gateway needs; docs/redis.md names the same. */
export const aclCommands = '-@all +hello +auth +info +ping +client|id +client|tracking +client|setname +subscribe +get +mget +getrange +set +del +exists +pttl +pexpire +wait +eval +evalsha +hset +hget +hdel +hgetall +hexists +scan +quit +select'
