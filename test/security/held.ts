import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Rig } from '../rig/rig.ts'

/** A client that never closes its own side, whatever it is told. */
export async function stubborn (rig: Rig, bytes: string): Promise<Socket> {
  const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}

/** How many connections of clients the gateway holds. */
export function connections (rig: Rig): Promise<number> {
  return new Promise((resolve, reject) => {
    rig.gateway.app.server.getConnections((error, count) => error === null ? resolve(count) : reject(error))
  })
}
