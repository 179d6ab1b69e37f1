import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { protocols, startGatewayBefore, type StreamingClient } from '../rig/exchange.ts'

interface RacingApp {
  readonly url: string
  /** How often each request arrived, and how often the app acted on it: it does not on what comes after it has closed. */
  readonly arrived: ReadonlyMap<string, number>
  readonly acted: ReadonlyMap<string, number>
  /** Requests that came upon an end. */
  crossed (): number
}

/** How a connection of the app's ends, without a word about it: it says FIN or RST just as a request arrives, or FIN right behind an answer. */
const endings = ['end', 'resetAndDestroy', 'behind the answer'] as const

/** An app that ends each connection after one to three answers. What arrives on a connection that it ends it does not act on, as no app does. */
async function startRacingApp (t: Test): Promise<RacingApp> {
  const [arrived, acted] = [new Map<string, number>(), new Map<string, number>()]
  const count = (map: Map<string, number>, id: string): void => { map.set(id, (map.get(id) ?? 0) + 1) }
  const sockets = new Set<Socket>()
  let [connections, crossed] = [0, 0]
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const number = connections++
    const ending = endings[number % 3] ?? 'end'
    const mostAnswers = 1 + number % 7 % 3
    let answers = 0
    let isEnding = false
    let received = ''
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).on('end', () => socket.end())
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
      for (let request = take(); request !== null; request = take()) {
        count(arrived, request)
        if (isEnding) {
          crossed++
          if (ending !== 'behind the answer') socket[ending]()
        } else act(request)
      }
    })

    function act (request: string): void {
      count(acted, request)
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${request.length}\r\n\r\n${request}`)
      isEnding = ++answers === mostAnswers
      if (isEnding && ending === 'behind the answer') setImmediate(() => socket.end())
    }

    /** Method and id of the next whole request. */
    function take (): string | null {
      const [head, method = '', id = ''] = /^([A-Z]+) \/(\S+) HTTP\/1\.1\r\n[^]*?\r\n\r\n/.exec(received) ?? []
      if (head === undefined) return null
      const bodyLength = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (received.length < head.length + bodyLength) return null
      received = received.slice(head.length + bodyLength)
      return `${method} ${id}`
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrived, acted, crossed: () => crossed }
}

/** Asks for all of them, eight at a time, and tells the status each was answered with. */
async function askAll (ids: readonly string[], ask: (id: string) => ReturnType<StreamingClient['ask']>): Promise<ReadonlyMap<string, number>> {
  const statuses = new Map<string, number>()
  const left = [...ids]
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const exchange = ask(id)
      const { status } = await exchange.head
      const { body, isWhole } = await exchange.read()
      // Each answer is the one of its own request, and whole.
      statuses.set(id, isWhole && (status !== 200 || body.toString().endsWith(` ${id}`)) ? status : 0)
    }
  }))
  return statuses
}

for (const protocol of protocols) {
  // The race is between gateway and app; the browser's protocol has little to do with it.
  const ids = Array.from({ length: protocol === 'HTTP/1.1' ? 2_000 : 500 }, (_value, index) => `r${index}`)

  t.test(`${protocol}: T-150 ${ids.length} GETs against an app that closes just when they arrive: none is lost, none is acted on twice`, async (t) => {
    const app = await startRacingApp(t)
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const statuses = await askAll(ids, (id) => client.ask(`/${id}`))
    t.ok(app.crossed() > ids.length / 10, `${app.crossed()} requests crossed the end of their connection`)
    t.strictSame(ids.filter((id) => statuses.get(id) !== 200), [], 'each was answered, with its own answer')
    t.strictSame(ids.filter((id) => app.acted.get(`GET ${id}`) !== 1), [], 'each was acted on once')
    t.strictSame(ids.filter((id) => (app.arrived.get(`GET ${id}`) ?? 0) > 2), [], 'and sent twice at most')
  })

  t.test(`${protocol}: T-150 ${ids.length} POSTs against it, with and without a body: each arrives once at most, and a 502 says that it was not acted on`, async (t) => {
    const app = await startRacingApp(t)
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const statuses = await askAll(ids, (id) => {
      const hasBody = Number(id.slice(1)) % 2 === 0
      const exchange = client.ask(`/${id}`, { method: 'POST', hasBody, headers: { 'content-length': hasBody ? '4' : '0' } })
      if (hasBody) exchange.upload.end('body')
      return exchange
    })
    t.ok(app.crossed() > ids.length / 10, `${app.crossed()} requests crossed the end of their connection`)
    t.strictSame(new Set([...statuses.values()].filter((status) => status !== 502)), new Set([200]))
    t.strictSame(ids.filter((id) => (app.arrived.get(`POST ${id}`) ?? 0) > 1), [], 'none was sent twice')
    t.strictSame(ids.filter((id) => (app.acted.get(`POST ${id}`) ?? 0) !== (statuses.get(id) === 200 ? 1 : 0)), [], 'answered where it was acted on, and only there')
    t.ok([...statuses.values()].filter((status) => status === 200).length > ids.length / 3)
  })
}
