// An app behind the gateway: it only reads headers. It must be reachable through the gateway alone.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const { 'x-user-id': id, 'x-user-email': email, 'x-user-balance': balance } = request.headers
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`You are user ${id} (${email ?? 'no e-mail'}), with a balance of ${balance ?? 'unknown'}.\n`)
})

server.listen(Number(process.env.PORT ?? 3000), () => console.log(`listening on ${server.address().port}`))
process.on('SIGTERM', () => server.close())
