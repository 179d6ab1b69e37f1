import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Pool } from 'undici'
import { forward } from '../../src/proxy/http.ts'
import { createResponseHeaders } from '../../src/proxy/response-headers.ts'
import { createOwnCookies } from '../../src/session/cookies.ts'
import { startUpstream } from '../rig/upstream.ts'

t.test('a request that finds every connection of its route taken is told so in time, and never reaches the app later', async (t) => {
  const held: ServerResponse[] = []
  const told: string[] = []
  const app = await startUpstream((_request, response) => { held.push(response) })
  t.after(() => app.close())
  const pool = new Pool(app.url, { connections: 1 })
  t.after(() => pool.destroy())
  const upstream = { pool, fresh: pool, connections: 1, requests: 0, host: 'app', basePath: '', serverName: 'app', queueTimeoutMs: 50 }

  const gateway = createServer((request, response) => {
    forward(request, response, { upstream, path: request.url ?? '/', headers: ['Host', 'app'], hasBody: false, bodyLimitBytes: null }, {
      responseHeaders: createResponseHeaders(createOwnCookies('s'), []),
      onAnswer: ({ list }) => list,
      onLeft () {},
      onFailed (error) {
        told.push(error.code)
        response.writeHead(503, { 'x-code': error.code }).end()
      }
    })
  }).listen(0, '127.0.0.1')
  t.after(() => gateway.closeAllConnections())
  t.after(() => gateway.close())
  await once(gateway, 'listening')
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`

  const first = fetch(`${url}/stream`)
  while (held.length === 0) await new Promise(setImmediate)
  const second = await fetch(`${url}/late`)
  t.equal(second.status, 503)
  t.equal(second.headers.get('x-code'), 'upstream_busy')

  held[0]?.end('done')
  t.equal(await (await first).text(), 'done')
  const third = fetch(`${url}/next`)
  while (held.length === 1) await new Promise(setImmediate)
  held[1]?.end()
  await third
  t.strictSame(told, ['upstream_busy'], 'told once, also after the connection became free')
  t.equal(upstream.requests, 0, 'nothing is counted as under way any more')
  t.strictSame(app.seen.map(({ target }) => target), ['/stream', '/next'])
})
