import { Agent, createServer, request as httpRequest } from 'node:http'

const [port, upstream = ''] = process.argv.slice(2)
const { hostname, port: upstreamPort } = new URL(upstream)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const { connection: _, ...headers } = request.headers
  const outgoing = httpRequest({ hostname, port: upstreamPort, agent, path: request.url, method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  outgoing.end()
}).listen(Number(port), '127.0.0.1')
