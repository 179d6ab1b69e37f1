import { once } from 'node:events'
import type { Writable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import * as ws from 'ws'
import { closeFrame, createFrameFollower } from '../../src/proxy/websocket-frames.ts'

/** What every client and server of `ws` reads and writes with; its type definitions leave them out. */
const { Sender, Receiver } = ws as unknown as {
  readonly Sender: { frame (payload: Buffer, options: object): Buffer[] }
  readonly Receiver: new (options: { readonly isServer: boolean }) => Writable
}

interface FrameOptions { readonly opcode: number, readonly mask: boolean, readonly fin: boolean, readonly rsv1: boolean }
const frameOf = (payload: Buffer, options: FrameOptions): Buffer => Buffer.concat(Sender.frame(payload, { ...options, readOnly: true }))

const messageFrame = fc.record({
  opcode: fc.constantFrom(0, 1, 2),
  fin: fc.boolean(),
  rsv1: fc.boolean(),
  mask: fc.boolean(),
  size: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000))
})
const controlFrame = fc.record({ opcode: fc.constantFrom(9, 10), fin: fc.constant(true), rsv1: fc.constant(false), mask: fc.boolean(), size: fc.integer({ min: 0, max: 125 }) })
const frames = fc.array(fc.oneof(messageFrame, controlFrame), { maxLength: 8 })
const built = frames.map((all) => all.map(({ size, ...options }) => frameOf(Buffer.alloc(size, 0x81), options)))

/** The same bytes, cut anywhere. */
function * cut (bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

t.test('whatever frames pass, and however they are cut, a frame may follow exactly where one ends', async (t) => {
  fc.assert(fc.property(built, fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 9 }), (all, sizes) => {
    const ends = new Set([0, ...all.map((_frame, index) => all.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0))])
    const follower = createFrameFollower()
    let passed = 0
    for (const chunk of cut(Buffer.concat(all), sizes)) {
      follower.follow(chunk)
      passed += chunk.length
      if (follower.mayAppend() !== ends.has(passed)) return false
    }
    return true
  }))
  t.pass()
})

t.test('a frame byte by byte is one frame', async (t) => {
  fc.assert(fc.property(built, (all) => {
    const follower = createFrameFollower()
    for (const frame of all) {
      for (let at = 0; at < Math.min(frame.length, 300); at++) {
        follower.follow(frame.subarray(at, at + 1))
        if (at + 1 < frame.length && follower.mayAppend()) return false
      }
      follower.follow(frame.subarray(300))
      if (!follower.mayAppend()) return false
    }
    return true
  }), { numRuns: 40 })
  t.pass()
})

for (const isServer of [true, false]) {
  t.test(`a close frame put within a fragmented message is read as one by ${isServer ? 'a server' : 'a client'}`, async (t) => {
    const receiver = new Receiver({ isServer })
    const concluded = once(receiver, 'conclude')
    receiver.write(frameOf(Buffer.from('begun'), { opcode: 1, mask: isServer, fin: false, rsv1: false }))
    receiver.write(closeFrame(1012, { isMasked: isServer }))
    t.match(await concluded, [1012, Buffer.alloc(0)])
  })

  t.test(`a close frame of the wrong masking is refused by ${isServer ? 'a server' : 'a client'}, so masking is looked at`, async (t) => {
    const receiver = new Receiver({ isServer })
    const failed = once(receiver, 'conclude')
    receiver.write(closeFrame(1008, { isMasked: !isServer }))
    await t.rejects(failed, /MASK/)
  })
}

t.test('the key of a masked frame is another each time (RFC 6455 §5.3)', async (t) => {
  t.equal(new Set(Array.from({ length: 20 }, () => closeFrame(1008, { isMasked: true }).toString('hex'))).size, 20)
})

const header = (...bytes: readonly number[]): Buffer => Buffer.from(bytes)
for (const [what, bytes] of [
  ['a close frame', frameOf(Buffer.from([3, 232]), { opcode: 8, mask: false, fin: true, rsv1: false })],
  ['a length of 2^63', header(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0)],
  ['a length nobody can count', header(0x82, 127, 0x00, 0x20, 0, 0, 0, 0, 0, 0)],
  ['a control frame that is too long', header(0x89, 126, 0, 126)],
  ['a control frame in pieces', header(0x09, 0)]
] as const) {
  t.test(`nothing may follow ${what}`, async (t) => {
    const follower = createFrameFollower()
    follower.follow(bytes)
    follower.follow(frameOf(Buffer.from('x'), { opcode: 1, mask: false, fin: true, rsv1: false }))
    t.notOk(follower.mayAppend())
  })
}
