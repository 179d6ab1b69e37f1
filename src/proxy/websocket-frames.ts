import { randomBytes } from 'node:crypto'

/** Reads along one direction of a WebSocket: lengths only, never what a message says (RFC 6455 §5.2). */
export interface FrameFollower {
  follow (chunk: Buffer): void
  /** Whether a frame of ours may be put behind what has passed: between two frames, and not after a close frame (§5.5.1). */
  mayAppend (): boolean
}

const closeOpcode = 0x8
const controlBit = 0x8
const longestHeader = 14

/** Keeps one frame header and one number, however much passes. What breaks RFC 6455 is followed no further. */
export function createFrameFollower (): FrameFollower {
  const header = Buffer.alloc(longestHeader)
  let headerLength = 0
  let payloadLeft = 0
  let isOver = false

  /** Takes one byte of a header; the last one tells how much payload follows. */
  function readHeader (byte: number): void {
    header[headerLength++] = byte
    if (headerLength < 2 || headerLength < headerSize(header)) return
    payloadLeft = payloadSize(header)
    if (!isPlausible(header, payloadLeft) || opcodeOf(header) === closeOpcode) isOver = true
    headerLength = 0
  }

  return {
    follow (chunk) {
      let at = 0
      while (at < chunk.length && !isOver) {
        if (payloadLeft === 0) {
          readHeader(chunk[at++] ?? 0)
          continue
        }
        const passed = Math.min(payloadLeft, chunk.length - at)
        payloadLeft -= passed
        at += passed
      }
    },
    mayAppend: () => !isOver && headerLength === 0 && payloadLeft === 0
  }
}

/** Two bytes, the extended length, and the key of a masked frame. */
function headerSize (header: Buffer): number {
  const length = lengthField(header)
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (isMasked(header) ? 4 : 0)
}

function payloadSize (header: Buffer): number {
  const length = lengthField(header)
  if (length === 126) return header.readUInt16BE(2)
  return length === 127 ? Number(header.readBigUInt64BE(2)) : length
}

/** A control frame is short and whole, and no length has its highest bit set (§5.2, §5.5): else the two ends may see other frames than we do. */
function isPlausible (header: Buffer, size: number): boolean {
  const isControl = (opcodeOf(header) & controlBit) !== 0
  const isFinal = ((header[0] ?? 0) & 0x80) !== 0
  return size < 2 ** 53 && (!isControl || (isFinal && size < 126))
}

function opcodeOf (header: Buffer): number {
  return (header[0] ?? 0) & 0x0f
}

function lengthField (header: Buffer): number {
  return (header[1] ?? 0) & 0x7f
}

function isMasked (header: Buffer): boolean {
  return ((header[1] ?? 0) & 0x80) !== 0
}

/** A close frame without a reason. Towards a browser it is not masked; towards an app it is, as everything a client sends (§5.1). */
export function closeFrame (code: number, { isMasked }: { readonly isMasked: boolean }): Buffer {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  if (!isMasked) return Buffer.concat([Buffer.of(0x88, 2), payload])
  const key = randomBytes(4)
  return Buffer.concat([Buffer.of(0x88, 0x82), key, payload.map((byte, index) => byte ^ (key[index] ?? 0))])
}
