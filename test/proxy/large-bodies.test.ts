import { readFile } from 'node:fs/promises'
import t from 'tap'
import { startServed } from '../reload/served.ts'
import { startApp } from '../rig/app.ts'
import { createAuthority } from '../rig/certificates.ts'
import { connectClient, protocols, type StreamingClient } from '../rig/exchange.ts'

const mebibyte = 1 << 20
const bodyBytes = 100 * mebibyte
/** What the process may need more than before at any moment; one body kept whole would be 100 MiB more. */
const growthBytes = 64 * mebibyte

/** The most memory the process has held at any moment so far (proc(5)). */
async function peakBytes (pid: number | undefined): Promise<number> {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * 1024
}

const chunk = Buffer.alloc(64 * 1024, 'x')

async function upload (client: StreamingClient, bytes: number): Promise<number> {
  const { upload, read } = client.ask('/upload', { method: 'POST', hasBody: true })
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    if (!upload.write(chunk)) await new Promise((resolve) => { upload.once('drain', resolve) })
  }
  upload.end()
  return Number((await read()).body)
}

async function download (client: StreamingClient, bytes: number): Promise<number> {
  let received = 0
  for await (const part of await client.ask(`/download?${bytes}`).answer) received += part.length
  return received
}

for (const protocol of protocols) {
  t.test(`${protocol}: 100 MB up, 100 MB down, and four of both at once, leave the gateway's memory as it is`, async (t) => {
    const app = await startApp(t, (request, response) => {
      let received = 0
      request.on('data', (part: Buffer) => { received += part.length })
      request.on('end', () => {
        const [path, bytes] = request.url?.split('?') ?? []
        if (path === '/upload') return response.end(String(received))
        let left = Number(bytes)
        const more = (): void => {
          while (left > 0) {
            left -= chunk.length
            if (!response.write(chunk)) { response.once('drain', more); return }
          }
          response.end()
        }
        more()
      })
    })
    const tls = protocol === 'HTTP/2' ? { server: { tls: createAuthority().issue('DNS:gw.test', 'IP:127.0.0.1') } } : {}
    const served = await startServed(t, { over: tls, routes: () => [{ path: '/', upstream: app.url, access: 'anyone' }] })
    const client = connectClient(t, protocol, served.port)
    // Buffers that are made once, and code that is compiled once.
    for (let times = 0; times < 4; times++) await Promise.all([upload(client, 8 * mebibyte), download(client, 8 * mebibyte)])

    const before = await peakBytes(served.process.child.pid)
    t.equal(await upload(client, bodyBytes), bodyBytes)
    t.equal(await download(client, bodyBytes), bodyBytes)
    t.strictSame(await Promise.all([upload(client, bodyBytes), download(client, bodyBytes), upload(client, bodyBytes), download(client, bodyBytes)]), Array(4).fill(bodyBytes))
    const grown = await peakBytes(served.process.child.pid) - before
    t.ok(grown < growthBytes, `600 MiB made it grow by ${Math.round(grown / mebibyte)} MiB at most`)
  })
}
