import '../../rig/over-http2.ts'
import { once } from 'node:events'
import t from 'tap'
import { connectFrames, fields, flags, frame, frameTypes, type FrameClient } from '../../rig/http2-frames.ts'
import { startRig } from '../../rig/rig.ts'

const rig = await startRig(t)

const get = (streamId: number, path: string, more: ReadonlyArray<readonly [string, string]> = []): Buffer =>
  frame(frameTypes.headers, flags.endHeaders | flags.endStream, streamId, fields([[':method', 'GET'], [':scheme', 'https'], [':path', path], [':authority', 'gw.test'], ...more]))
const reset = (streamId: number): Buffer => frame(frameTypes.rstStream, 0, streamId, Buffer.from([0, 0, 0, 8]))

/** Sends until the server ends the connection; `most` is far beyond what any browser does. */
async function flood (client: FrameClient, most: number, bytesOf: (turn: number) => Buffer): Promise<void> {
  const over = client.closed().then(() => true)
  for (let turn = 0; turn < most && !client.socket.destroyed; turn++) {
    if (!client.socket.write(bytesOf(turn)) && await Promise.race([once(client.socket, 'drain').then(() => false, () => true), over])) break
  }
  await over
}

const continuation = (streamId: number): Buffer => frame(frameTypes.continuation, 0, streamId, fields([['x-filler', 'a'.repeat(100)]]))
const floods: Readonly<Record<string, readonly [first: Buffer, bytesOf: (turn: number) => Buffer]>> = {
  'rapid reset (CVE-2023-44487)': [Buffer.alloc(0), (turn) => Buffer.concat([get(turn * 2 + 1, '/public/a'), reset(turn * 2 + 1)])],
  'resets the server is brought to (CVE-2025-8671)': [Buffer.alloc(0), (turn) => Buffer.concat([get(turn * 2 + 1, '/public/a'), frame(frameTypes.windowUpdate, 0, turn * 2 + 1, Buffer.alloc(4))])],
  'CONTINUATION without end (CVE-2024-27983)': [frame(frameTypes.headers, 0, 1, fields([[':method', 'GET']])), () => continuation(1)],
  'empty CONTINUATION without end': [frame(frameTypes.headers, 0, 1, fields([[':method', 'GET']])), () => frame(frameTypes.continuation, 0, 1)],
  'SETTINGS that are never acknowledged (CVE-2019-9515)': [Buffer.alloc(0), () => frame(frameTypes.settings, 0, 0)],
  'malformed requests': [Buffer.alloc(0), (turn) => get(turn * 2 + 1, '/public/a', [['connection', 'x']])],
  'frames on stream 0': [Buffer.alloc(0), () => frame(frameTypes.data, 0, 0, Buffer.from('x'))]
}

for (const [what, [first, bytesOf]] of Object.entries(floods)) {
  t.test(`T-147 ${what}: the connection is closed, others are served`, async (t) => {
    const before = rig.upstream.seen.length
    const client = await connectFrames(rig.port)
    client.socket.pause() // who floods does not read
    client.send(first)
    client.socket.resume()
    await flood(client, 20_000, bytesOf)
    client.socket.destroy()
    t.ok(rig.upstream.seen.length - before < 1_500, `${rig.upstream.seen.length - before} requests reached the app`)
    t.equal((await rig.newBrowser().fetch('/public/alive')).status, 200)
  })
}

t.test('T-147 PINGs that nobody reads the answers to are not kept', async (t) => {
  const client = await connectFrames(rig.port)
  client.socket.pause()
  const before = process.memoryUsage.rss()
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(frameTypes.ping, 0, 0, Buffer.alloc(8))))
  for (let turn = 0; turn < 500 && !client.socket.destroyed; turn++) client.socket.write(pings)
  for (let turn = 0; turn < 20; turn++) t.equal((await rig.newBrowser().fetch('/public/alive')).status, 200)
  client.socket.destroy()
  t.ok(process.memoryUsage.rss() - before < 128 << 20)
})

t.test('T-147 of 1,000 streams at once the app sees no more than the gateway offered', async (t) => {
  const held = await startRig(t, { upstream: () => {} })
  let open = 0
  held.upstream.server.on('request', () => { open++ })
  const client = await connectFrames(held.port)
  client.send(...Array.from({ length: 1_000 }, (_value, index) => get(index * 2 + 1, '/public/a')))
  await Promise.race([client.closed(), client.outcomeOf(1_999)])
  client.socket.destroy()
  t.ok(open <= 128, `${open} at once`)
  t.equal((await rig.newBrowser().fetch('/public/alive')).status, 200)
})

t.test('T-146 a header list beyond the limit, and a bomb of indexed fields, reach no app', async (t) => {
  const large = await connectFrames(rig.port)
  large.send(get(1, '/public/large', [['x-a', 'x'.repeat(10_000)]]))
  t.equal(await large.outcomeOf(1), 'answered')
  const list = fields([[':method', 'GET'], [':scheme', 'https'], [':path', '/public/bomb'], [':authority', 'gw.test']])
  // One field of 4,000 bytes goes into the table (RFC 7541 §6.2.1), and is named 900 times by one byte (§6.1).
  const stored = Buffer.concat([Buffer.of(0x40), fields([['x-bomb', 'x'.repeat(3_500)]]).subarray(1)])
  large.send(frame(frameTypes.headers, flags.endHeaders | flags.endStream, 3, Buffer.concat([list, stored, Buffer.alloc(900, 0x80 | 62)])))
  await large.outcomeOf(3)
  large.socket.destroy()
  const many = await connectFrames(rig.port)
  many.send(get(1, '/public/many', Array.from({ length: 1_500 }, (_value, index) => [`a${index}`, ''] as const)))
  t.not(await many.outcomeOf(1), 'answered')
  many.socket.destroy()
  t.strictSame(rig.upstream.seen.filter(({ target }) => /bomb|many/.test(target)), [])
})

t.end() // the app and the gateway go with it
