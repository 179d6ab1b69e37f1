import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { startApp } from '../rig/app.ts'
import { protocols, startGatewayBefore } from '../rig/exchange.ts'
import { until } from '../rig/until.ts'

const mebibyte = 1 << 20
/** What buffers of sockets, TLS and streams on the way may hold in all; without back-pressure all of `wholeBytes` would go. */
const heldBytes = 32 * mebibyte
const wholeBytes = 128 * mebibyte

/** Resolves once the count has not grown for a while: whoever writes has to wait. */
async function standsStill (count: () => number): Promise<void> {
  let seen = -1
  await until(async () => {
    if (seen === count()) return true
    seen = count()
    await new Promise((resolve) => setTimeout(resolve, 400))
    return false
  }, 30_000)
}

/** Writes until everything is written, as fast as it may. */
function pour (to: { write (chunk: Buffer): boolean, once (event: 'drain', listener: () => void): unknown, end (): unknown }): () => number {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  let sentBytes = 0
  const more = (): void => {
    while (sentBytes < wholeBytes) {
      sentBytes += chunk.length
      if (!to.write(chunk)) { to.once('drain', more); return }
    }
    to.end()
  }
  more()
  return () => sentBytes
}

for (const protocol of protocols) {
  t.test(`${protocol}: a client that does not read stops the app from sending; when it reads, everything comes`, async (t) => {
    let sent = (): number => 0
    const app = await startApp(t, (_request, response) => { sent = pour(response) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/large')
    await exchange.head
    await standsStill(() => sent())
    t.ok(sent() < heldBytes, `the app could send ${sent()} bytes until it had to wait`)
    let receivedBytes = 0
    const answer = await exchange.answer
    answer.on('data', (chunk: Buffer) => { receivedBytes += chunk.length }).resume()
    await once(answer, 'end')
    t.equal(receivedBytes, wholeBytes)
  })

  t.test(`${protocol}: an app that does not read stops the client from sending; when it reads, everything comes`, async (t) => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<{ request: IncomingMessage, response: ServerResponse }>()
    const app = await startApp(t, (request, response) => { begin({ request: request.pause(), response }) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/upload', { method: 'POST', hasBody: true })
    const sent = pour(exchange.upload)
    const { request, response } = await begun
    await standsStill(sent)
    t.ok(sent() < heldBytes, `the client could send ${sent()} bytes until it had to wait`)
    let receivedBytes = 0
    request.on('data', (chunk: Buffer) => { receivedBytes += chunk.length }).on('end', () => response.end('got it')).resume()
    t.equal((await exchange.read()).body.toString(), 'got it')
    t.equal(receivedBytes, wholeBytes)
  })

  t.test(`${protocol}: what a slow writer sends is passed on as it comes, in both directions`, async (t) => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<{ request: IncomingMessage, response: ServerResponse }>()
    const app = await startApp(t, (request, response) => { begin({ request, response }) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/echo', { method: 'POST', hasBody: true })
    exchange.upload.write('0')
    const { request, response } = await begun
    t.equal(String((await once(request, 'data'))[0]), '0', 'the app has the first byte while the client thinks about the second')
    response.writeHead(200).flushHeaders()
    const answer = await exchange.answer
    for (const byte of '123') {
      exchange.upload.write(byte)
      t.equal(String((await once(request, 'data'))[0]), byte)
      response.write(byte)
      t.equal(String((await once(answer, 'data'))[0]), byte)
    }
    exchange.upload.end()
    await once(request, 'end')
    response.end()
    t.ok((await exchange.read()).isWhole)
  })

  t.test(`${protocol}: of clients that stand still none holds up another`, async (t) => {
    const app = await startApp(t, (request, response) => {
      if (request.url === '/quick') response.end('quick')
      else pour(response)
    })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const slow = Array.from({ length: 8 }, () => client.ask('/large'))
    for (const { head } of slow) await head
    for (let times = 0; times < 5; times++) t.equal((await client.ask('/quick').read()).body.toString(), 'quick')
    for (const exchange of slow) exchange.leave()
  })

  t.test(`${protocol}: many megabytes arrive as they were sent, whatever pauses both ends make`, async (t) => {
    const app = await startApp(t, (request, response) => { request.pipe(response) })
    const { client } = await startGatewayBefore(t, protocol, app.url)
    const exchange = client.ask('/echo', { method: 'POST', hasBody: true })
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    const reading = exchange.answer.then(async (answer) => { for await (const chunk of answer) received.update(chunk) })
    for (let index = 0; index < 200; index++) {
      const chunk = Buffer.alloc(1 + (index * 7_919) % 100_000, index)
      sent.update(chunk)
      if (!exchange.upload.write(chunk)) await once(exchange.upload, 'drain')
      if (index % 17 === 0) await new Promise(setImmediate)
    }
    exchange.upload.end()
    await reading
    t.equal(received.digest('hex'), sent.digest('hex'))
  })
}
