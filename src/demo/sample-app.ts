import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { clientScript } from './client-script.ts'
import { acceptWebSockets, streamEvents } from './live-updates.ts'
import { samplePage } from './sample-page.ts'
import { sampleStylesheet } from './sample-stylesheet.ts'

type Answer = (request: IncomingMessage, reply: ServerResponse) => void

const ownHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store'
}

function send (reply: ServerResponse, contentType: string, body: string): void {
  reply.writeHead(200, { ...ownHeaders, 'content-type': `${contentType}; charset=utf-8` }).end(body)
}

const answers: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['GET /events', (_request, reply) => streamEvents(reply)],
  ['GET /app.js', (_request, reply) => send(reply, 'text/javascript', clientScript)],
  ['GET /app.css', (_request, reply) => send(reply, 'text/css', sampleStylesheet)],
  ['GET /health', (_request, reply) => send(reply, 'text/plain', 'ok\n')]
])

const answerWithPage: Answer = (request, reply) => send(reply, 'text/html', samplePage(request))

function answer (request: IncomingMessage, reply: ServerResponse): void {
  const path = request.url?.split('?', 1)[0] ?? '/'
  // A body is of no interest here, but unread it would block the connection.
  request.resume()
  const respond = answers.get(`${request.method} ${path}`) ?? answerWithPage
  respond(request, reply)
}

function urlOf (server: Server, host: string): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The sample app listens on no port')
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}

/**
 * A small app to put behind the gateway: shows what it is told about the user, with live events and a WebSocket. It believes
 * the identity headers, so it belongs on loopback. Port 0 takes a free one. Rejects when the address cannot be listened on.
 */
export async function startSampleApp ({ host, port }: { host: string, port: number }): Promise<{ url: string, close (): Promise<void> }> {
  const server = createServer(answer)
  const cutWebSockets = acceptWebSockets(server)
  server.listen(port, host)
  await once(server, 'listening')
  return {
    url: urlOf(server, host),
    async close () {
      cutWebSockets()
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    }
  }
}
