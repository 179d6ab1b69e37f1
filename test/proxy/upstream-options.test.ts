import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createBrowser } from '../rig/browser.ts'
import { startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'

t.test('a base path is put before, a prefix is cut, the host is kept or replaced, as the route says', async (t) => {
  const app = await startUpstream()
  t.after(() => app.close())
  const rig = await startRig(t, {
    config: {
      routes: [
        { path: '/', upstream: app.url, access: 'anyone' },
        { path: '/based', upstream: `${app.url}/base`, access: 'anyone' },
        { path: '/cut', upstream: app.url, access: 'anyone', stripPrefix: true },
        { path: '/own-host', upstream: app.url, access: 'anyone', preserveHost: false }
      ]
    }
  })
  const browser = createBrowser(rig.url)
  const seenFor = async (path: string) => { await browser.fetch(path); return { target: app.last().target, host: app.valuesOf('host')[0] } }
  t.match(await seenFor('/x?y=%2f'), { target: '/x?y=%2f', host: 'gw.test' })
  t.match(await seenFor('/based/x'), { target: '/base/based/x' })
  t.match(await seenFor('/cut/x?y=1'), { target: '/x?y=1' })
  t.match(await seenFor('/cut'), { target: '/' })
  t.match(await seenFor('/cut?y=1'), { target: '/?y=1' })
  t.match(await seenFor('/own-host'), { host: `127.0.0.1:${app.port}` })
  t.equal((await browser.fetch('/%63ut/x')).status, 400, 'a prefix spelled in another way cannot be cut without a doubt')
})

t.test('an app on a unix socket is reached', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-unix-'))
  t.after(() => rm(folder, { recursive: true }))
  const server = createServer((request, response) => response.end(`unix ${request.url}`)).listen(join(folder, 'app.sock'))
  t.after(() => server.close())
  await once(server, 'listening')
  const rig = await startRig(t, { config: { routes: [{ path: '/', upstream: `unix:${join(folder, 'app.sock')}`, access: 'anyone' }] } })
  t.equal((await createBrowser(rig.url).fetch('/hello')).text, 'unix /hello')
})

t.test('a route for nobody answers 403 to everyone, a route for APIs never redirects', async (t) => {
  const app = await startUpstream()
  t.after(() => app.close())
  const rig = await startRig(t, {
    config: {
      routes: [
        { path: '/', upstream: app.url },
        { path: '/admin', access: 'nobody' },
        { path: '/api', upstream: app.url, api: true }
      ]
    }
  })
  const ada = createBrowser(rig.url)
  t.equal((await ada.fetch('/api', { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })).status, 401)
  await ada.signIn()
  const hits = app.seen.length
  t.equal((await ada.fetch('/admin')).status, 403)
  t.equal((await ada.fetch('/admin/x')).status, 403)
  t.equal(app.seen.length, hits)
  t.equal((await ada.fetch('/api/x')).status, 200)
})
