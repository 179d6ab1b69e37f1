import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../rig/redis.ts'
import { until } from '../rig/until.ts'

/** A proxy of Debian's, running the file we ship: only addresses and the place of a file are other ones. */
export interface RunningProxy {
  readonly url: string
  readonly port: number
}

interface Addresses { readonly gateway: number, readonly app: number, readonly listen: number }
interface Teardown { after (undo: () => unknown): void }

const shipped = (file: string): string => fileURLToPath(new URL(`../../config/forward-auth/${file}`, import.meta.url))

async function shippedConfig (file: string, { gateway, app, listen }: Addresses): Promise<string> {
  const text = await readFile(shipped(file), 'utf8')
  const replaced = text.replaceAll('127.0.0.1:4180', `127.0.0.1:${gateway}`).replaceAll('127.0.0.1:3000', `127.0.0.1:${app}`).replaceAll(':8080', `:${listen}`)
  if (replaced === text) throw new Error(`${file} has no address to replace`)
  return replaced
}

interface Command { readonly argv: readonly [string, ...string[]], readonly env?: Readonly<Record<string, string>> }

const commands: Readonly<Record<string, (folder: string, addresses: Addresses) => Promise<Command>>> = {
  async nginx (folder, addresses) {
    await writeFile(join(folder, 'site.conf'), await shippedConfig('nginx.conf', addresses))
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')
    await writeFile(join(folder, 'nginx.conf'), `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr; events {} http { access_log off; ${temporary} include ${folder}/site.conf; }`)
    return { argv: ['nginx', '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')] }
  },
  async Caddy (folder, addresses) {
    await writeFile(join(folder, 'Caddyfile'), `{\n\tadmin off\n}\n${await shippedConfig('Caddyfile', addresses)}`)
    return { argv: ['caddy', 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } }
  },
  async HAProxy (folder, addresses) {
    const text = await shippedConfig('haproxy.cfg', addresses)
    await writeFile(join(folder, 'haproxy.cfg'), text.replace('/etc/haproxy/haproxy-auth.lua', shipped('haproxy-auth.lua')))
    return { argv: ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')] }
  }
}

export type ProxyName = 'nginx' | 'Caddy' | 'HAProxy'
export const everyProxy: readonly ProxyName[] = ['nginx', 'Caddy', 'HAProxy']

/** Ended with the test. */
export async function startProxy (t: Teardown, name: ProxyName, { gateway, app }: Omit<Addresses, 'listen'>): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-proxy-'))
  await chmod(folder, 0o755) // nginx started by root works as nobody
  const port = await freePort()
  const { argv: [command, ...rest], env = {} } = await commandFor(name)(folder, { gateway, app, listen: port })
  const child = spawn(command, rest, { env: { PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text })
  t.after(async () => {
    child.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true })
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${output}`)
    return await isListening(port)
  }, 20_000)
  return { url: `http://127.0.0.1:${port}`, port }
}

function commandFor (name: ProxyName): NonNullable<typeof commands[string]> {
  const command = commands[name]
  if (command === undefined) throw new Error(name)
  return command
}

async function isListening (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
