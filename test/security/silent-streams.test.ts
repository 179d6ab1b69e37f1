import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
// @ts-expect-error: undici's clock has no types; it is turned by hand here, as in undici's own tests
import timers from 'undici/lib/util/timers.js'
import { startRig, type Rig } from '../rig/rig.ts'
import { startUpstream, type Answer } from '../rig/upstream.ts'
import { until } from '../rig/until.ts'

/** Ten minutes, for everything in undici that waits: timers that were begun just now are taken up first. */
function tenMinutesLater (): void {
  const { tick } = timers as { tick (delayMs: number): void }
  tick(0)
  tick(600_000)
}

async function startRoute (t: Test, answer: Answer, timeouts: object = {}): Promise<Rig> {
  const app = await startUpstream(answer)
  t.after(() => app.close())
  return await startRig(t, { config: { routes: [{ path: '/', upstream: app.url, access: 'anyone', timeouts }] } })
}

function ask ({ port }: Rig) {
  return httpRequest({ port, host: '127.0.0.1', path: '/a', headers: { host: 'gw.test' } }).on('error', () => {}).end()
}

async function opened (rig: Rig): Promise<IncomingMessage> {
  const [response] = await once(ask(rig), 'response') as [IncomingMessage]
  return response.setEncoding('utf8')
}

t.test('T-125 S-21 an event stream that is silent for ten minutes, before its first event and between two, goes on', async (t) => {
  let stream: ServerResponse | undefined
  const rig = await startRoute(t, (_request, response) => {
    stream = response
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const events = await opened(rig)
  for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
    tenMinutesLater()
    stream?.write(event)
    t.strictSame(await once(events, 'data'), [event])
  }
  events.destroy()
})

t.test('T-125 S-21 a long poll without timeouts.headers is answered after ten minutes', async (t) => {
  let poll: ServerResponse | undefined
  const rig = await startRoute(t, (_request, response) => { poll = response }, { headers: '0s' })
  const answered = once(ask(rig), 'response')
  await until(() => poll !== undefined)
  tenMinutesLater()
  poll?.end('at last')
  t.equal((await answered)[0].statusCode, 200)
})

t.test('S-21 the same ten minutes end what has a limit, so they are ten minutes', async (t) => {
  const silent = await opened(await startRoute(t, (_request, response) => { response.writeHead(200).flushHeaders() }, { body: '9m' }))
  const cut = once(silent, 'error')
  tenMinutesLater()
  t.match(await cut, [{ code: 'ECONNRESET' }])

  let isAsked = false
  const answered = once(ask(await startRoute(t, () => { isAsked = true }, { headers: '9m' })), 'response')
  await until(() => isAsked)
  tenMinutesLater()
  t.equal((await answered)[0].statusCode, 504)
})

const mebibyte = 1 << 20

t.test('T-125 a download of 100 MB arrives whole however slowly it is read, and never is much of it on its way', async (t) => {
  let sentBytes = 0
  const rig = await startRoute(t, (_request, response) => {
    const chunk = Buffer.alloc(mebibyte, 'x')
    const send = (): void => {
      let mayGoOn = true
      while (mayGoOn && sentBytes < 100 * mebibyte) {
        sentBytes += chunk.length
        mayGoOn = response.write(chunk)
      }
      if (sentBytes >= 100 * mebibyte) response.end()
    }
    response.on('drain', send)
    send()
  })
  const response = await opened(rig)
  let [readBytes, mostAhead, readAtLastRest] = [0, 0, 0]
  for await (const chunk of response) {
    readBytes += chunk.length
    mostAhead = Math.max(mostAhead, sentBytes - readBytes)
    if (readBytes - readAtLastRest < mebibyte) continue
    readAtLastRest = readBytes
    await delay(5) // a slow reader
  }
  t.equal(readBytes, 100 * mebibyte)
  t.ok(mostAhead < 64 * mebibyte, `the app was ${mostAhead} bytes ahead of its reader at most, of 100 MiB`)
})
