import { once } from 'node:events'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { signInTo } from '../login/attempt.ts'
import type { TestBrowser } from '../rig/browser.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { until } from '../rig/until.ts'
import type { TestUpstream } from '../rig/upstream.ts'
import { startServed } from '../reload/served.ts'

const rounds = { watchEveryMs: 100 }
const trustEmails = { trustEmails: true, allow: { emailDomains: ['example.com'] } }

/** A WebSocket in this browser's name, and the code it is closed with. */
async function socketOf (t: Test, port: number, browser: TestBrowser, path = '/ws') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { host: 'gw.test', cookie: browser.cookieHeader() } })
  t.after(() => socket.terminate())
  await once(socket, 'open')
  return { socket, closed: once(socket, 'close').then(([code]) => Number(code)) }
}

function acceptAt (t: Test, { server }: TestUpstream): void {
  const accepting = new WebSocketServer({ server })
  t.after(() => accepting.close())
}

async function opened (t: Test, options: RigOptions) {
  const rig = await startRig(t, { ...rounds, ...options })
  acceptAt(t, rig.upstream)
  const ada = rig.newBrowser()
  await signInTo(rig, ada)
  return { rig, ada, ...await socketOf(t, rig.port, ada) }
}

const endings: readonly (readonly [string, RigOptions, (rig: Rig) => unknown])[] = [
  ['was disabled', {}, ({ emulator }) => emulator.users.set('user123', { status: 2 })],
  ['took the consent back', {}, ({ emulator }) => emulator.grants.revoke('user123')],
  ['has another id', {}, ({ emulator }) => emulator.users.set('user123', { id: 999 })],
  ['has another e-mail, which is not allowed', { config: { identity: trustEmails } }, ({ emulator }) => emulator.users.set('user123', { email: 'user@elsewhere.test' })],
  ['was renamed, where names are allowed', { config: { identity: { allow: { usernames: ['user123'] } } } }, ({ emulator }) => emulator.users.set('user123', { username: 'somebody' })]
]

for (const [what, options, change] of endings) {
  t.test(`a user who ${what} at AIHubMix loses an open WebSocket at the next read, which no request has to ask for (T-112, T-124)`, async (t) => {
    const { rig, closed } = await opened(t, options)
    const asked = rig.emulator.count('userinfo')
    change(rig)
    rig.emulator.clock.advance('46s')
    t.equal(await closed, 1008)
    t.ok(rig.emulator.count('userinfo') > asked)
  })
}

t.test('who is as before keeps what is open, however often AIHubMix is asked', async (t) => {
  const { rig, socket } = await opened(t, { config: { identity: trustEmails } })
  await until(() => {
    rig.emulator.clock.advance('46s')
    return rig.emulator.count('userinfo') >= 4
  })
  t.equal(socket.readyState, WebSocket.OPEN)
})

t.test('an allow list that is tightened by a reload ends what its rules do not let the user have, and nothing else (T-112, T-124)', async (t) => {
  const served = await startServed(t, {
    upstream (asked, response) {
      if (asked.url !== '/events') { response.end('{}'); return }
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    }
  })
  acceptAt(t, served.upstream)
  const [ada, rich] = [served.newBrowser(), served.newBrowser()]
  await ada.signIn()
  await rich.signIn('rich')
  const sockets = { team: await socketOf(t, served.port, ada, '/team/ws'), elsewhere: await socketOf(t, served.port, ada), rich: await socketOf(t, served.port, rich) }
  const { body } = await request(`${served.url}/events`, { headers: { host: 'gw.test', cookie: ada.cookieHeader() } })
  const streamEnded = new Promise<void>((resolve) => { body.on('error', () => resolve()).on('end', resolve).resume() })

  const upstream = served.upstream.url
  const routes = [{ path: '/', upstream }, { path: '/team', upstream, allow: { usernames: ['rich'] } }]
  await served.configure({ routes })
  t.equal(await sockets.team.closed, 1008, 'the route is for others now')
  t.equal(sockets.elsewhere.socket.readyState, WebSocket.OPEN)

  await served.configure({ routes, identity: { allow: { usernames: ['rich'] } } })
  t.equal(await sockets.elsewhere.closed, 1008)
  await streamEnded
  await served.reloaded(2)
  t.equal(sockets.rich.socket.readyState, WebSocket.OPEN, 'who is on the list keeps everything')
})
