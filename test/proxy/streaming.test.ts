import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import t from 'tap'
import { createBrowser, type TestBrowser } from '../rig/browser.ts'
import { startRig, type Rig } from '../rig/rig.ts'

interface Open { readonly response: IncomingMessage, destroy (): void }

async function signedIn (rig: Rig): Promise<TestBrowser> {
  const ada = createBrowser(rig.url)
  await ada.signIn()
  return ada
}

/** A request whose answer is read piece by piece. */
function start (rig: Rig, browser: TestBrowser, path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}) {
  return httpRequest({ port: rig.port, host: '127.0.0.1', path, method, headers: { host: 'gw.test', cookie: browser.cookieHeader(), ...headers } })
}

async function opened (rig: Rig, browser: TestBrowser, path: string): Promise<Open> {
  const request = start(rig, browser, path).on('error', () => {}).end()
  const [response] = await once(request, 'response') as [IncomingMessage]
  return { response, destroy: () => request.destroy() }
}

t.test('T-125 an event stream shows its headers before its first event, and each event as it is sent', async (t) => {
  let stream: ServerResponse | undefined
  const rig = await startRig(t, {
    upstream: (request, response) => {
      if (request.url !== '/events') return response.end()
      stream = response
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    }
  })
  const { response } = await opened(rig, await signedIn(rig), '/events')
  t.equal(response.headers['content-type'], 'text/event-stream', 'the headers are here while the app is silent')
  response.setEncoding('utf8')
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    stream?.write(event)
    t.strictSame(await once(response, 'data'), [event])
  }
  stream?.end()
  await once(response, 'end')
})

t.test('T-125 S-08 when the client leaves, the app sees it leave, before the first byte and after', async (t) => {
  const waiting: ServerResponse[] = []
  const rig = await startRig(t, {
    upstream: (request, response) => {
      if (request.url === '/') return response.end()
      waiting.push(response)
      if (request.url === '/begun') response.writeHead(200).flushHeaders()
      rig.upstream.server.emit('arrived')
    }
  })
  const ada = await signedIn(rig)

  const begun = await opened(rig, ada, '/begun')
  const begunClosed = once(waiting[0] as ServerResponse, 'close')
  begun.destroy()
  await begunClosed
  t.pass('after the first byte')

  const silent = start(rig, ada, '/silent').on('error', () => {}).end()
  await once(rig.upstream.server, 'arrived')
  const silentClosed = once(waiting[1] as ServerResponse, 'close')
  silent.destroy()
  await silentClosed
  t.pass('before the first byte')
})

t.test('an answer that breaks off at the app breaks off at the client: never a clean end', async (t) => {
  const rig = await startRig(t, {
    upstream: (request, response) => {
      if (request.url === '/') return response.end()
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half', () => response.destroy())
    }
  })
  const { response } = await opened(rig, await signedIn(rig), '/broken')
  response.resume()
  await t.rejects(once(response, 'end'), { code: 'ECONNRESET' })
})

t.test('bodies pass byte for byte in both directions, chunked or with a length', async (t) => {
  const rig = await startRig(t, {
    upstream: (request, response, body) => {
      response.writeHead(200, { 'x-seen-length': request.headers['content-length'] ?? 'chunked' })
      response.end(body)
    }
  })
  const ada = await signedIn(rig)
  const body = randomBytes(5_000_000)
  for (const length of [String(body.length), 'chunked']) {
    const request = start(rig, ada, '/echo', 'POST', length === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': length })
    Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]).pipe(request)
    const [response] = await once(request, 'response') as [IncomingMessage]
    const received = createHash('sha256')
    for await (const chunk of response) received.update(chunk)
    t.equal(received.digest('hex'), createHash('sha256').update(body).digest('hex'))
    t.equal(response.headers['x-seen-length'], length)
  }
})

t.test('T-125 a reader that does not read stops the app from sending', async (t) => {
  let stopped: Promise<unknown> = Promise.resolve()
  let sentBytes = 0
  const rig = await startRig(t, {
    upstream: (request, response) => {
      if (request.url === '/') return response.end()
      const chunk = Buffer.alloc(1 << 20)
      const send = (): void => {
        do sentBytes += chunk.length
        while (response.write(chunk) && sentBytes < 1 << 28)
      }
      stopped = new Promise((resolve) => {
        let quiet: NodeJS.Timeout
        const watch = (): void => { clearTimeout(quiet); quiet = setTimeout(resolve, 300); send() }
        response.on('drain', watch).on('close', () => clearTimeout(quiet))
        watch()
      })
    }
  })
  const { response, destroy } = await opened(rig, await signedIn(rig), '/endless')
  response.on('error', () => {})
  response.pause()
  await stopped
  t.ok(sentBytes < 1 << 26, `the app could send ${sentBytes} bytes, of 256 MiB, until it had to wait`)
  destroy()
})

t.test('a chunked body over the limit is refused and the app does not get a whole request', async (t) => {
  const rig = await startRig(t, { config: { server: { publicUrl: 'https://gw.test', limits: { bodyBytes: '64KiB' } } } })
  const ada = await signedIn(rig)
  const before = rig.upstream.seen.length
  const request = start(rig, ada, '/upload', 'POST', { 'transfer-encoding': 'chunked' }).on('error', () => {})
  request.write(Buffer.alloc(100_000))
  const [response] = await once(request, 'response') as [IncomingMessage]
  t.equal(response.statusCode, 413)
  response.resume()
  t.equal(rig.upstream.seen.length, before)
  t.equal((await ada.fetch('/upload', { method: 'POST', body: 'x'.repeat(100_000) })).status, 413)
})
