import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { Pool, type Dispatcher } from 'undici'
import { forward } from '../../src/proxy/http.ts'
import { createResponseHeaders } from '../../src/proxy/response-headers.ts'
import { createOwnCookies } from '../../src/session/cookies.ts'
import { startUpstream, type Answer } from '../rig/upstream.ts'
import { until } from '../rig/until.ts'

/** Holds each handler, as V8's old generation would, and knows what undici gave it. */
class WatchedPool extends Pool {
  readonly handlers: Dispatcher.DispatchHandler[] = []
  readonly received: Array<WeakRef<readonly Buffer[]>> = []

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { received } = this
    const onHeaders = handler.onHeaders?.bind(handler)
    handler.onHeaders = (status, headers, resume, statusText) => {
      received.push(new WeakRef(headers))
      return onHeaders?.(status, headers, resume, statusText) ?? true
    }
    this.handlers.push(handler)
    return super.dispatch(options, handler)
  }
}

/** V8's own, which Node hides. */
function collectGarbage (): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

async function forwardingTo (t: Test, answer: Answer) {
  const app = await startUpstream(answer)
  t.after(() => app.close())
  const pool = new WatchedPool(app.url, { connections: 4 })
  t.after(() => pool.destroy())
  const upstream = { pool, fresh: pool, connections: 4, requests: 0, host: 'app', basePath: '', serverName: 'app', queueTimeoutMs: 5_000 }
  const gateway = createServer((request, response) => {
    forward(request, response, { upstream, path: request.url ?? '/', headers: ['Host', 'app'], hasBody: false, bodyLimitBytes: null }, {
      responseHeaders: createResponseHeaders(createOwnCookies('s'), []),
      onAnswer: ({ list }) => list,
      onLeft () {},
      onFailed () { response.writeHead(502).end() }
    })
  }).listen(0, '127.0.0.1')
  t.after(() => { gateway.closeAllConnections(); gateway.close() })
  await once(gateway, 'listening')
  return { pool, upstream, url: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}` }
}

// Whoever keeps undici's header buffers drags each request's objects into the old generation with them: scavenges of 8 ms, nine a second.
t.test('after an answer nothing of undici\'s raw headers is held, whole or cut', async (t) => {
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
  await until(() => { collectGarbage(); return pool.received.every((headers) => headers.deref() === undefined) })
  t.equal(pool.received.length, 4, 'undici gave them out')
  t.equal(pool.handlers.length, 4, 'and whom it gave them is still there')
})
