import { once } from 'node:events'
import t from 'tap'
import { request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import type { TestBrowser } from '../rig/browser.ts'
import { until } from '../rig/until.ts'
import { startServed, type Served } from './served.ts'

const allowing = (...usernames: readonly string[]) => ({ identity: { allow: { usernames } } })

async function openAt (served: Served, browser: TestBrowser, path = '/ws'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}${path}`, { headers: { host: 'gw.test', cookie: browser.cookieHeader() } })
  await once(socket, 'open')
  return socket
}

function echoing ({ upstream }: Served): void {
  new WebSocketServer({ server: upstream.server }).on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))))
}

async function echoed (socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  return String((await once(socket, 'message'))[0])
}

t.test('an allow list that is tightened ends the WebSockets and event streams of whom it does not name any more, and no others', async (t) => {
  const served = await startServed(t, {
    upstream ({ url }, response): void {
      if (url !== '/events') {
        response.end('hello')
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': here\n\n')
    }
  })
  echoing(served)
  const [ada, ben] = [served.newBrowser(), served.newBrowser()]
  await ada.signIn('user123')
  await ben.signIn('huge')
  const [adas, bens, bensPublic] = [await openAt(served, ada), await openAt(served, ben), await openAt(served, ben, '/public/ws')]
  const events = await request(`${served.url}/events`, { headers: { host: 'gw.test', cookie: ben.cookieHeader() } })
  const eventsEnd = events.body.text().then(() => 'ended', () => 'cut')
  const closed = once(bens, 'close')

  await served.configure(allowing('user123'))
  await served.reloaded(1)
  t.equal((await closed)[0], 1008)
  t.equal(await eventsEnd, 'cut')
  t.equal(await echoed(adas, 'still here'), 'still here')
  t.equal(await echoed(bensPublic, 'public'), 'public', 'what anyone may open stays open')
})

t.test('rules of yesterday end nothing, though a WebSocket they let in is open still', async (t) => {
  const served = await startServed(t, { over: allowing('user123') })
  echoing(served)
  const [ada, ben] = [served.newBrowser(), served.newBrowser()]
  await ada.signIn('user123')
  const adas = await openAt(served, ada)
  await served.configure(allowing('user123', 'huge'))
  await served.reloaded(1)
  await ben.signIn('huge')
  const bens = await openAt(served, ben)
  for (const round of ['one', 'two', 'three']) {
    t.equal((await ben.fetch('/oauth2/userinfo?fresh=1')).status, 200) // his session changes, and all that watch it look
    t.equal(await echoed(bens, round), round)
  }
  t.equal(await echoed(adas, 'and ada'), 'and ada')
})

t.test('a user who is another in the eyes of an allow list loses what is open at the next reading', async (t) => {
  const served = await startServed(t, { over: allowing('user123') })
  echoing(served)
  const ada = served.newBrowser()
  await ada.signIn('user123')
  const adas = await openAt(served, ada)
  const closed = once(adas, 'close')
  served.emulator.users.set('user123', { username: 'renamed' })
  await until(async () => (await ada.fetch('/oauth2/userinfo?fresh=1')).text.includes('renamed'))
  t.equal((await closed)[0], 1008)
})

t.test('what is open at an address that the rules of today read in two ways is ended, said in the log, and keeps nobody from looking at the rest', async (t) => {
  const served = await startServed(t)
  echoing(served)
  const ada = served.newBrowser()
  await ada.signIn('user123')
  const [odd, team, other] = [await openAt(served, ada, '/a;v=1/ws'), await openAt(served, ada, '/team/ws'), await openAt(served, ada, '/ws')]
  const closed = Promise.all([odd, team].map(async (socket) => (await once(socket, 'close'))[0]))
  const upstream = served.upstream.url
  await served.configure({ routes: [{ path: '/', upstream }, { path: '/a', upstream }, { path: '/team', upstream, allow: { usernames: ['huge'] } }] })
  t.strictSame(await closed, [1008, 1008])
  t.equal(await echoed(other, 'still here'), 'still here')
  await served.process.saying(/"level":"warn".*at an address that the rules read in two ways is ended/)
})
