import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startRig, type Rig } from '../rig/rig.ts'

/** What the app does with a request: answer it and keep the connection, or end the connection in some way. */
type Behaviour = 'answer' | 'close' | 'reset' | 'half an answer, then close' | 'an interim answer, then close'

interface Arrival { readonly connection: number, readonly line: string }

/** An app that reads requests without a parser, one a connection at a time, and does what it is told with each. */
async function appThat (t: Test, behaves: (arrival: Arrival, isFirstOfConnection: boolean) => Behaviour) {
  const arrivals: Arrival[] = []
  const sockets = new Set<Socket>()
  const idle = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    let isFirst = true
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => { idle.delete(socket) })
    socket.on('data', (bytes) => {
      idle.delete(socket)
      for (const [, line = ''] of bytes.toString('latin1').matchAll(/^([A-Z]+ \S+) HTTP\/1\.1\r\n/gm)) {
        const arrival = { connection, line }
        arrivals.push(arrival)
        const behaviour = behaves(arrival, isFirst)
        act(socket, behaviour)
        if (behaviour === 'answer') idle.add(socket)
        isFirst = false
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { for (const socket of sockets) socket.destroy(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals, idle }
}

function act (socket: Socket, behaviour: Behaviour): void {
  switch (behaviour) {
    case 'answer': socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'); break
    case 'close': socket.end(); break
    case 'reset': socket.resetAndDestroy(); break
    case 'half an answer, then close': socket.end('HTT'); break
    case 'an interim answer, then close': socket.end('HTTP/1.1 103 Early Hints\r\n\r\n')
  }
}

async function rigFor (t: Test, upstream: string): Promise<Rig> {
  return await startRig(t, { config: { routes: [{ path: '/', upstream, access: 'anyone' }] } })
}

async function ask (rig: Rig, line: string, body: string | null = null): Promise<number> {
  const [method = '', path = ''] = line.split(' ')
  const { statusCode, body: answer } = await request(`${rig.url}${path}`, { method: method as 'GET', body, headers: { host: 'gw.test' } })
  await answer.dump()
  return statusCode
}

const linesOf = (arrivals: readonly Arrival[]): readonly string[] => arrivals.map(({ line }) => line)

for (const ending of ['close', 'reset'] as const) {
  for (const method of ['GET', 'OPTIONS', 'PUT', 'DELETE']) {
    t.test(`${method}, and the app's ${ending} crosses it on a kept-alive connection: asked once more, on another connection`, async (t) => {
      const app = await appThat(t, (_arrival, isFirst) => isFirst ? 'answer' : ending)
      const rig = await rigFor(t, app.url)
      t.equal(await ask(rig, 'GET /before'), 200)
      t.equal(await ask(rig, `${method} /race`), 200)
      t.strictSame(linesOf(app.arrivals), ['GET /before', `${method} /race`, `${method} /race`])
      t.strictSame(app.arrivals.map(({ connection }) => connection), [1, 1, 2])
    })
  }

  t.test(`a second ${ending} is not followed by a third try`, async (t) => {
    const app = await appThat(t, ({ line }) => line === 'GET /before' ? 'answer' : ending)
    const rig = await rigFor(t, app.url)
    // Two kept-alive connections, so that the second try meets one as well.
    const both = ['GET /before', 'GET /before'].map((line) => ask(rig, line))
    t.strictSame(await Promise.all(both), [200, 200])
    t.equal(await ask(rig, 'GET /race'), 502)
    t.equal(app.arrivals.filter(({ line }) => line === 'GET /race').length, 2)
  })

  t.test(`POST and PATCH are never repeated (${ending}, T-150)`, async (t) => {
    const app = await appThat(t, ({ line }) => line === 'GET /before' ? 'answer' : ending)
    const rig = await rigFor(t, app.url)
    for (const [line, body] of [['POST /a', 'x'], ['POST /b', null], ['PATCH /c', 'x'], ['PATCH /d', null]] as const) {
      t.equal(await ask(rig, 'GET /before'), 200)
      t.equal(await ask(rig, line, body), 502)
      t.strictSame(linesOf(app.arrivals).filter((seen) => seen === line), [line])
    }
  })

  t.test(`nothing with a body is ever repeated (${ending})`, async (t) => {
    const app = await appThat(t, ({ line }) => line === 'GET /before' ? 'answer' : ending)
    const rig = await rigFor(t, app.url)
    for (const line of ['PUT /a', 'DELETE /b', 'GET /c']) {
      t.equal(await ask(rig, 'GET /before'), 200)
      t.equal(await ask(rig, line, 'body'), 502)
      t.strictSame(linesOf(app.arrivals).filter((seen) => seen === line), [line])
    }
  })

  t.test(`a new connection that the app ends (${ending}) is no race: asked once`, async (t) => {
    const app = await appThat(t, () => ending)
    const rig = await rigFor(t, app.url)
    t.equal(await ask(rig, 'GET /a'), 502)
    t.strictSame(linesOf(app.arrivals), ['GET /a'])
  })
}

for (const ending of ['half an answer, then close', 'an interim answer, then close'] as const) {
  t.test(`${ending}: the app has had the request, and it is not repeated`, async (t) => {
    const app = await appThat(t, (_arrival, isFirst) => isFirst ? 'answer' : ending)
    const rig = await rigFor(t, app.url)
    t.equal(await ask(rig, 'GET /before'), 200)
    t.equal(await ask(rig, 'GET /a'), 502)
    t.strictSame(linesOf(app.arrivals), ['GET /before', 'GET /a'])
  })
}

t.test('an app that closes its idle connections all the time loses no request and gets none twice', async (t) => {
  const app = await appThat(t, () => 'answer')
  const rig = await rigFor(t, app.url)
  const closing = setInterval(() => { for (const socket of app.idle) socket.destroy() }, 5)
  t.after(() => clearInterval(closing))
  const lines = Array.from({ length: 400 }, (_value, index) => `GET /${index}`)
  const left = [...lines]
  const statuses: number[] = []
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let line = left.pop(); line !== undefined; line = left.pop()) statuses.push(await ask(rig, line))
  }))
  t.strictSame(new Set(statuses), new Set([200]))
  t.strictSame(linesOf(app.arrivals).toSorted(), lines.toSorted())
})
