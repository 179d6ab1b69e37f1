import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { Pool, request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { open } from '../login/attempt.ts'
import { until } from '../rig/until.ts'
import { startUpstream } from '../rig/upstream.ts'
import { startServed, type Served } from './served.ts'

const routeTo = (upstream: string, more: object = {}) => ({ routes: [{ path: '/', upstream, ...more }] })

t.test('routes, rules and headers of a file that is rewritten are in force, without a restart; who was signed in stays so (T-142)', async (t) => {
  const served = await startServed(t)
  const other = await startUpstream((_request, response) => response.end('the other app'))
  t.after(() => other.close())
  const ada = served.newBrowser()
  await ada.signIn()
  const { pid } = served.process.child

  await served.configure({ ...routeTo(other.url), headers: { set: { 'X-Who': 'username' } } })
  await served.reloaded(1)
  t.equal((await open(ada, '/a')).text, 'the other app')
  t.strictSame(other.valuesOf('X-Who'), ['user123'])
  t.strictSame(other.valuesOf('X-User-Id'), [])

  await served.configure({ ...routeTo(other.url), identity: { allow: { ids: ['1'] } } })
  await served.reloaded(2)
  t.equal((await open(ada, '/a')).status, 403)

  await served.configure({})
  await served.reloaded(3)
  t.equal((await open(ada, '/a')).status, 200)
  t.equal(served.process.child.pid, pid)
  t.equal(served.emulator.count('authorization_code'), 1, 'and nobody had to sign in again')
})

t.test('a broken file is refused: what was in force stays, an error is logged without any value, a metric is set; corrected, it is taken (T-142)', async (t) => {
  const served = await startServed(t)
  const ada = served.newBrowser()
  await ada.signIn()
  await writeFile(served.configFile, served.configText({ aihubmix: { clientSecret: 'a-new-secret-0815' } }).replace('"routes"', '"rutes"'))
  await served.reloaded(1, 'refused')
  t.equal((await open(ada, '/a')).status, 200)
  t.equal((await served.metrics()).value('config_last_reload_successful'), 0)
  await served.process.saying(/"level":"error".*rutes: is not a known key. Did you mean routes\?.*the new configuration is refused/)
  t.notMatch(served.process.output(), 'a-new-secret-0815')
  await writeFile(served.configFile, '{{{{')
  await served.reloaded(2, 'refused')
  t.equal((await open(ada, '/a')).status, 200)
  await served.configure({ identity: { allow: { ids: ['1'] } } })
  await served.reloaded(1)
  t.equal((await open(ada, '/a')).status, 403)
  t.equal((await served.metrics()).value('config_last_reload_successful'), 1)
})

t.test('SIGHUP reads the configuration again, though no file tells of a change', async (t) => {
  const served = await startServed(t)
  served.process.child.kill('SIGHUP')
  await served.reloaded(1)
  t.equal((await open(served.newBrowser(), '/public/a')).status, 200)
})

t.test('a client secret and session keys out of files are exchanged as Kubernetes does it: the link ..data leads elsewhere (T-142)', async (t) => {
  const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
  const served = await startServed(t, {
    async place (folder, text) {
      const files = { 'gateway.yaml': text, secret: 'secret_of_the_rig_client', keys: key(1) }
      const config = JSON.parse(text)
      delete config.aihubmix.clientSecret
      delete config.session.keys
      config.aihubmix.clientSecretFile = join(folder, 'secret')
      config.session.keysFile = join(folder, 'keys')
      await project(folder, 'one', { ...files, 'gateway.yaml': JSON.stringify(config) })
      for (const name of Object.keys(files)) await symlink(join('..data', name), join(folder, name))
      return join(folder, 'gateway.yaml')
    }
  })
  const ada = served.newBrowser()
  await ada.signIn()
  const idle = served.newBrowser()
  await idle.signIn()
  const text = JSON.parse(served.configText())
  delete text.aihubmix.clientSecret
  delete text.session.keys
  text.aihubmix.clientSecretFile = join(served.folder, 'secret')
  text.session.keysFile = join(served.folder, 'keys')
  await project(served.folder, 'two', { 'gateway.yaml': JSON.stringify(text), secret: 'a wrong secret', keys: `${key(2)}\n${key(1)}\n` })
  await served.reloaded(1)
  t.equal((await open(ada, '/a')).status, 200, 'a ticket of the old key opens still')
  const eve = served.newBrowser()
  t.equal((await eve.signIn('rich')).status, 403, 'AIHubMix does not know the new secret')
  await project(served.folder, 'three', { 'gateway.yaml': JSON.stringify(text), secret: 'secret_of_the_rig_client', keys: `${key(2)}\n` })
  await served.reloaded(2)
  t.equal((await open(idle, '/a')).status, 302, 'and no longer when it is gone')
  t.equal((await open(ada, '/a')).status, 200, 'but who came by meanwhile has a ticket of the new key')
  t.equal((await eve.signIn('rich')).status, 200)
})

/** Writes a folder of files and leads the link `..data` to it in one step. */
async function project (folder: string, version: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, `..${version}`))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `..${version}`, name), text)
  await symlink(`..${version}`, join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
}

t.test('what cannot change without a restart is said, and the rest of the file is taken', async (t) => {
  const served = await startServed(t)
  await served.configure({ log: { level: 'debug' }, session: { keys: [Buffer.alloc(32, 7).toString('base64')], redis: { url: 'redis://:a-password@127.0.0.1:1' } }, ...routeTo(served.upstream.url, { access: 'anyone' }) })
  await served.reloaded(1)
  await served.process.saying(/"keys":\["session.redis","log.level"\],"msg":"these keys have changed and have no effect before/)
  t.notMatch(served.process.output(), 'a-password')
  t.equal((await open(served.newBrowser(), '/a')).status, 200)
})

t.test('a file that is there again after it was away, or was replaced, is heard of like any other', async (t) => {
  const served = await startServed(t)
  await rm(served.configFile)
  await served.reloaded(1, 'refused')
  await served.configure(routeTo(served.upstream.url, { access: 'nobody' }))
  await served.reloaded(1)
  t.equal((await open(served.newBrowser(), '/a')).status, 403)
  await writeFile(`${served.configFile}.new`, served.configText(routeTo(served.upstream.url, { access: 'anyone' })))
  await rename(`${served.configFile}.new`, served.configFile)
  await served.reloaded(2)
  t.equal((await open(served.newBrowser(), '/a')).status, 200)
})

/** Requests without a pause until `stop` is called; what each was answered. */
function load (served: Served, cookie: string) {
  const pool = new Pool(served.url, { connections: 8 })
  const statuses: number[] = []
  const over = new AbortController()
  const worker = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { statusCode, body } = await pool.request({ path: '/load', method: 'GET', headers: { host: 'gw.test', cookie } }).catch((error: Error) => ({ statusCode: 0, body: { dump: async () => error } }))
      await body.dump()
      statuses.push(statusCode)
    }
  }
  const workers = Array.from({ length: 8 }, worker)
  return {
    statuses,
    async stop () {
      over.abort()
      await Promise.all(workers)
      await pool.close()
    }
  }
}

t.test('twenty reloads under load fail no request, cut no stream and no WebSocket, and leave nothing behind (T-142)', async (t) => {
  const served = await startServed(t, {
    upstream (request, response) {
      if (request.url === '/public/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n')
      else response.end('ok')
    }
  })
  const sockets = new WebSocketServer({ noServer: true })
  served.upstream.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => { ws.on('message', (data) => ws.send(`echo ${String(data)}`)) }))
  const ada = served.newBrowser()
  await ada.signIn()
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/live`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
  await once(socket, 'open')
  const events = await request(`${served.url}/public/events`, { headers: { host: 'gw.test' } })
  let isCut = false
  events.body.on('close', () => { isCut = true }).on('data', () => {})

  const requests = load(served, ada.cookieHeader())
  for (let reload = 1; reload <= 20; reload++) {
    const before = requests.statuses.length
    await served.configure({ headers: { set: { 'X-User-Id': 'id', [`X-Reload-${reload}`]: 'email' } } })
    await served.reloaded(reload)
    await until(() => requests.statuses.length > before + 20)
  }
  await requests.stop()
  t.strictSame([...new Set(requests.statuses)], [200], `${requests.statuses.length} requests`)
  t.equal(served.upstream.valuesOf('X-Reload-20', served.upstream.seen.findLast(({ target }) => target === '/load')).length, 1)
  t.notOk(isCut, 'the stream of before the first reload is open still')
  socket.send('there?')
  const [answer] = await once(socket, 'message')
  t.equal(String(answer), 'echo there?')

  const signedOut = once(socket, 'close')
  await ada.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://gw.test', accept: 'text/html' } })
  await signedOut
  t.pass('a sign-out under the newest configuration ends a WebSocket of the oldest')
  events.body.destroy()
})
