import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Teardown { after (undo: () => unknown): void }

/** An app that reads and answers as the test likes; `startUpstream` reads every request to its end first. */
export async function startApp (t: Teardown, listener: RequestListener): Promise<{ readonly url: string, readonly server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}
