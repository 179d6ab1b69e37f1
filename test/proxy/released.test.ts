import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Pool, type Dispatcher } from 'undici'
import { forward } from '../../src/proxy/http.ts'
import { startUpstream, type Answer } from '../rig/upstream.ts'

/** What undici gave a handler: it is held here, as V8's old generation would hold it. */
class WatchedPool extends Pool {
  readonly controllers: Dispatcher.DispatchController[] = []
  /** How many of them held raw headers while the answer ran. */
  holding = 0

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { controllers } = this
    const start = handler.onRequestStart?.bind(handler)
    const answerStart = handler.onResponseStart?.bind(handler)
    handler.onRequestStart = (controller, context) => { controllers.push(controller); start?.(controller, context) }
    handler.onResponseStart = (controller, status, headers, message) => {
      if (Array.isArray(controller.rawHeaders) && controller.rawHeaders.length > 0) this.holding++
      answerStart?.(controller, status, headers, message)
    }
    return super.dispatch(options, handler)
  }
}

async function forwardingTo (t: Test, answer: Answer) {
  const app = await startUpstream(answer)
  t.after(() => app.close())
  const pool = new WatchedPool(app.url, { connections: 4 })
  t.after(() => pool.destroy())
  const upstream = { pool, connections: 4, requests: 0, host: 'app', basePath: '', serverName: 'app', queueTimeoutMs: 5_000 }
  const gateway = createServer((request, response) => {
    forward(request, response, { upstream, path: request.url ?? '/', headers: ['Host', 'app'], hasBody: false, bodyLimitBytes: null }, {
      responseHeaders: () => [],
      onAnswer () {},
      onFailed () { response.writeHead(502).end() }
    })
  }).listen(0, '127.0.0.1')
  t.after(() => { gateway.closeAllConnections(); gateway.close() })
  await once(gateway, 'listening')
  return { pool, upstream, url: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}` }
}

// Whoever keeps undici's header buffers drags each request's objects into the old generation with them: scavenges of 8 ms, nine a second.
t.test('after an answer nothing of undici\'s raw headers and trailers is held, whole or cut', async (t) => {
  const answers: Readonly<Record<string, Answer>> = {
    '/whole': (_request, response) => { response.end('whole') },
    '/chunks': (_request, response) => { response.write('a'); response.end('b') },
    '/trailers': (_request, response) => { response.writeHead(200, { trailer: 'x-sum' }).write('a'); response.addTrailers({ 'x-sum': '1' }); response.end() },
    '/cut': (_request, response) => { response.write('half', () => response.destroy()) }
  }
  const { pool, upstream, url } = await forwardingTo(t, (request, response, body) => answers[request.url ?? '']?.(request, response, body))
  for (const path of Object.keys(answers)) {
    await fetch(url + path).then((answer) => answer.text()).catch(() => {})
  }
  while (upstream.requests > 0) await new Promise(setImmediate)
  t.equal(pool.controllers.length, 4)
  t.equal(pool.holding, 4, 'undici gave them out')
  for (const { rawHeaders, rawTrailers } of pool.controllers) t.strictSame([rawHeaders ?? null, rawTrailers ?? null], [null, null])
})
