import '../../rig/over-http2.ts'
import { connect } from 'node:net'
import t from 'tap'
import { connectFrames, fields, flags, frame, frameTypes, type FrameClient } from '../../rig/http2-frames.ts'
import { answerTo, connectHttp2 } from '../../rig/http2.ts'
import { startRig, type Rig } from '../../rig/rig.ts'
import { until } from '../../rig/until.ts'
import { connections } from '../held.ts'

const startLimited = (t: Parameters<typeof startRig>[0], limits: object): Promise<Rig> => startRig(t, { config: { server: { publicUrl: 'https://gw.test', limits } } })
const rig = await startLimited(t, { headerBytes: '4KiB', urlBytes: '256B' })

const request = (path: string, more: ReadonlyArray<readonly [string, string]> = []): ReadonlyArray<readonly [string, string]> => [[':method', 'GET'], [':scheme', 'https'], [':path', path], [':authority', 'gw.test'], ...more]
const targets = (): readonly string[] => rig.upstream.seen.map(({ target }) => target)

/** What a stream was answered, as text; the fields of the answer stay packed. */
function bodyOf ({ frames }: FrameClient, id: number): string {
  return Buffer.concat(frames.filter(({ type, streamId }) => type === frameTypes.data && streamId === id).map(({ payload }) => payload)).toString()
}

/** Sends a request of a client that never acknowledges our SETTINGS, so that nghttp2 does not hold it to them. */
async function unacknowledged (path: string, more: ReadonlyArray<readonly [string, string]>): Promise<string> {
  const client = await connectFrames(rig.port)
  client.send(frame(frameTypes.headers, flags.endStream | flags.endHeaders, 1, fields(request(path, more))))
  const isEnded = (): boolean => client.frames.some(({ streamId, flags: set }) => streamId === 1 && (set & flags.endStream) !== 0)
  await until(isEnded)
  client.socket.destroy()
  return bodyOf(client, 1)
}

for (const [what, more] of Object.entries({
  'one long value': [['x-a', 'x'.repeat(5_000)]],
  'many short ones': Array.from({ length: 250 }, (_value, index) => [`x-header-${index}`, '0123456789'] as const),
  'long names': Array.from({ length: 5 }, (_value, index) => [`x-${'a'.repeat(1_000)}${index}`, ''] as const),
  'crumbs of a cookie': Array.from({ length: 100 }, (_value, index) => ['cookie', `c${index}=${'x'.repeat(50)}`] as const)
} satisfies Record<string, ReadonlyArray<readonly [string, string]>>)) {
  t.test(`T-146 more than limits.headerBytes is a 431, also of a client that never acknowledged the limit (${what})`, async (t) => {
    t.match(await unacknowledged('/public/large', more), /"error":"headers_too_large"/)
    t.notOk(targets().includes('/public/large'), 'and the app sees nothing: it would have taken as much')
  })
}

t.test('T-146 what stays below it passes, in one header and in many', async (t) => {
  t.match(await unacknowledged('/public/one', [['x-a', 'x'.repeat(3_800)]]), /"target":"\/public\/one"/)
  t.match(await unacknowledged('/public/many', Array.from({ length: 150 }, (_value, index) => [`x-header-${index}`, '0123456789'])), /"target":"\/public\/many"/)
})

t.test('T-146 a client that did acknowledge it is held to it before anything is read', async (t) => {
  const session = connectHttp2(rig.port)
  t.equal((await answerTo(session, request('/public/first').flat())).status, 200)
  const { status } = await answerTo(session, request('/public/second', [['x-a', 'x'.repeat(5_000)]]).flat())
  session.destroy()
  t.ok(status === 431 || status === 400, `${status}: answered, or reset`)
  t.notOk(targets().includes('/public/second'))
})

t.test('T-146 more than limits.urlBytes is a 414; exactly so much passes, its query included', async (t) => {
  const session = connectHttp2(rig.port)
  const ofLength = (length: number, start: string): string => start.padEnd(length, 'x')
  for (const start of ['/public/', '/public/a?b=', '/a/', '/oauth2/ping?']) {
    const answer = await answerTo(session, request(ofLength(257, start)).flat())
    t.equal(answer.status, 414, start)
    t.match(answer.text, /"error":"url_too_long"/)
  }
  for (const start of ['/public/', '/public/a?b=']) t.equal((await answerTo(session, request(ofLength(256, start)).flat())).status, 200, start)
  session.destroy()
  t.strictSame(targets().filter((target) => target.includes('xxx')).map(({ length }) => length), [256, 256])
})

t.test('T-146 a request that comes a byte at a time is not awaited longer than headersTimeout, however steadily it comes', async (t) => {
  const rig = await startLimited(t, { headersTimeout: '1s' })
  const client = await connectFrames(rig.port)
  const whole = frame(frameTypes.headers, flags.endStream | flags.endHeaders, 1, fields(request('/public/slow', [['x-a', 'x'.repeat(3_000)]])))
  let sent = 0
  const dripping = setInterval(() => client.send(whole.subarray(sent, ++sent)), 50)
  t.after(() => clearInterval(dripping))
  await until(() => client.socket.destroyed)
  t.ok(sent < whole.length, 'it had not said all')
  t.strictSame(rig.upstream.seen, [])
})

t.test('T-146 a connection that never begins its handshake is let go', { timeout: 60_000 }, async (t) => {
  const rig = await startLimited(t, {})
  const socket = connect({ port: rig.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {}).resume()
  t.after(() => socket.destroy())
  await until(async () => await connections(rig) === 1)
  await until(async () => await connections(rig) === 0, 30_000)
  t.pass()
})

t.end() // the apps and the gateways go with it
