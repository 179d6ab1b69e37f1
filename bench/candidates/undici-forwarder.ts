import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { Pool, type Dispatcher } from 'undici'

const [port, upstream = ''] = process.argv.slice(2)
const pool = new Pool(upstream, { connections: 256, pipelining: 1 })

createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  pool.dispatch({ path: request.url ?? '/', method: (request.method ?? 'GET') as Dispatcher.HttpMethod, headers: endToEnd(request.rawHeaders), body: null }, {
    onRequestStart () {},
    onResponseStart (_controller, statusCode, headers) { response.writeHead(statusCode, flat(headers)) },
    onResponseData (controller, chunk) {
      if (response.write(chunk)) return
      controller.pause()
      response.once('drain', () => { controller.resume() })
    },
    onResponseEnd () { response.end() },
    onResponseError () { response.destroy() }
  })
}).listen(Number(port), '127.0.0.1')

function endToEnd (rawHeaders: readonly string[]): string[] {
  const headers: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') headers.push(name, rawHeaders[index + 1] ?? '')
  }
  return headers
}

function flat (headers: IncomingHttpHeaders): string[] {
  const list: string[] = []
  for (const name in headers) if (name !== 'connection' && name !== 'keep-alive') list.push(name, String(headers[name]))
  return list
}
