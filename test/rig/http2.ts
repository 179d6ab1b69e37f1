import { connect, type ClientHttp2Session } from 'node:http2'
import type { RawAnswer } from './raw.ts'

/** A client of HTTP/2 that takes any certificate and reports every answer as its bytes in HTTP/1.1 would read. */
export function connectHttp2 (port: number): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, maxHeaderListPairs: 2_000 })
  session.on('error', () => {})
  return session
}

/** A request as it is written in HTTP/1.1, sent over HTTP/2; what only a connection of HTTP/1.1 has is left out. */
export async function sendOverHttp2 (port: number, bytes: string): Promise<RawAnswer> {
  const session = connectHttp2(port)
  try {
    return await answerTo(session, fieldsOf(bytes), bytes.slice(bytes.indexOf('\r\n\r\n') + 4))
  } finally {
    session.destroy()
  }
}

const onlyHttp1 = new Set(['connection', 'transfer-encoding', 'upgrade', 'keep-alive', 'proxy-connection', 'http2-settings'])

function fieldsOf (bytes: string): readonly string[] {
  const [first = '', ...lines] = bytes.slice(0, bytes.indexOf('\r\n\r\n')).split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const fields = [':method', method, ':scheme', 'https', ':path', target]
  for (const line of lines) {
    const [name = '', ...rest] = line.split(':')
    const lower = name.toLowerCase()
    if (lower === 'host') fields.push(':authority', valueOf(rest))
    else if (!onlyHttp1.has(lower)) fields.push(lower, valueOf(rest))
  }
  return fields
}

/** White space around a value is no part of it (RFC 9110 §5.5); a no-break space is no such white space. */
function valueOf (parts: readonly string[]): string {
  return parts.join(':').replace(/^[ \t]+|[ \t]+$/g, '')
}

/** A stream that is reset is a refusal, as 400 is in HTTP/1.1. */
export function answerTo (session: ClientHttp2Session, fields: readonly string[], body = ''): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const refused = { status: 400, text: 'reset' }
    session.once('error', () => { resolve(refused) })
    session.once('close', () => { resolve(refused) })
    const stream = session.request(fields, { endStream: body === '' })
    let [status, text] = [0, '']
    stream.setEncoding('latin1')
    stream.on('response', (headers, _flags, raw) => {
      status = headers[':status'] ?? 0
      const lines = raw.flatMap((name, index) => index % 2 === 0 && !name.startsWith(':') ? [`${name}: ${raw[index + 1]}\r\n`] : [])
      text = `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`
    })
    stream.on('data', (chunk: string) => { text += chunk })
    stream.on('error', () => {})
    stream.on('close', () => { resolve(status === 0 ? refused : { status, text }) })
    if (body !== '') stream.end(Buffer.from(body, 'latin1'))
  })
}
