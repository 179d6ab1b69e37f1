import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { until } from './until.ts'

/** The frames of RFC 9113 §6 that attacks are made of. */
export const frameTypes = { data: 0, headers: 1, rstStream: 3, settings: 4, pushPromise: 5, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 } as const
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const

interface Frame {
  readonly type: number
  readonly streamId: number
  readonly flags: number
  readonly payload: Buffer
}

export function frame (type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

/** Literal fields without indexing and without Huffman (RFC 7541 §6.2.2): every byte goes as it stands. */
export function fields (list: ReadonlyArray<readonly [name: string, value: string]>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([integer(value.length), Buffer.from(value, 'latin1')])
  return Buffer.concat(list.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]))
}

/** RFC 7541 §5.1 with a prefix of seven bits. */
function integer (value: number): Buffer {
  if (value < 127) return Buffer.of(value)
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

/** A connection of HTTP/2 on which the test writes every byte itself. */
export interface FrameClient {
  readonly socket: TLSSocket
  readonly frames: readonly Frame[]
  send (...bytes: readonly Buffer[]): void
  /** How a stream went: the code it was reset with, or that it was answered, or that the whole connection ended. */
  outcomeOf (streamId: number): Promise<'answered' | 'reset' | 'connection closed'>
  /** Resolves when the server has ended the connection. */
  closed (): Promise<void>
}

export async function connectFrames (port: number): Promise<FrameClient> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
  const frames: Frame[] = []
  let received = Buffer.alloc(0)
  let isClosed = false
  socket.on('error', () => {}).on('close', () => { isClosed = true })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const length = received.readUIntBE(0, 3)
      frames.push({ type: received.readUInt8(3), flags: received.readUInt8(4), streamId: received.readUInt32BE(5) & 0x7fffffff, payload: received.subarray(9, 9 + length) })
      received = received.subarray(9 + length)
    }
  })
  await once(socket, 'secureConnect')
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(frameTypes.settings, 0, 0)]))
  const isOver = (): boolean => isClosed || frames.some(({ type }) => type === frameTypes.goAway)

  return {
    socket,
    frames,
    send (...bytes) { if (!socket.destroyed) socket.write(Buffer.concat(bytes)) },
    async outcomeOf (streamId) {
      const isAnswered = (): boolean => frames.some((frame) => frame.streamId === streamId && frame.type === frameTypes.headers)
      const isReset = (): boolean => frames.some((frame) => frame.streamId === streamId && frame.type === frameTypes.rstStream)
      await until(() => isAnswered() || isReset() || isOver())
      return isAnswered() ? 'answered' : isReset() ? 'reset' : 'connection closed'
    },
    closed: () => until(isOver)
  }
}
