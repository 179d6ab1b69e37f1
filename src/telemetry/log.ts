import cluster from 'node:cluster'
import { fstatSync } from 'node:fs'
import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { createLineWriter } from './line-writer.ts'

/** What is said of one request. */
export interface AccessLine {
  readonly id: string
  readonly method: string | undefined
  /** Without the query: it may hold a code. */
  readonly path: string | undefined
  readonly status: number
  readonly route: string | null
  readonly user: string | null
  readonly client: string | null
  readonly ms: number
  readonly upstreamMs: number | null
  /** The error code, where the gateway answered with an error. */
  readonly code?: string | undefined
  /** The id of the trace, where it is another than the id of the request. */
  readonly trace?: string | undefined
  /** True when the answer did not reach its end. */
  readonly isCut?: true | undefined
}

export interface GatewayLog {
  /** For everything but requests. */
  readonly log: Logger
  /** Null where the level leaves requests out. */
  readonly writeAccessLine: ((line: AccessLine) => void) | null
}

/**
 * Of an error, the words and where it came from. Whatever else hangs on one stays out: HTTP parsers add the bytes they could not
 * read, and URL the text it could not, with all that may stand in them.
 */
function errorForLog (error: unknown): unknown {
  if (!(error instanceof Error)) return error === undefined ? undefined : { message: 'no Error was thrown' }
  const { name, message, stack, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { type: name, message, code, stack, ...(cause === undefined ? {} : { cause: errorForLog(cause) }) }
}

/** What could be secret is never given to the log; this is a second lock. */
const redact = ['*.accessToken', '*.refreshToken', '*.clientSecret', '*.authorization', '*.cookie', '*.headers', '*.code_verifier']

/** Standard output; the lines still waiting are written when the process ends, however it ends by itself. */
function standardOutput (): DestinationStream {
  const writer = createLineWriter(1, {
    // Several processes on one pipe: what is longer than this may end in the middle of another's line (pipe(7), PIPE_BUF).
    ...(cluster.isWorker && fstatSync(1).isFIFO() ? { chunkBytes: 4_096 } : {}),
    droppedLine: (count) => `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), count, msg: 'log lines were dropped: standard output took none' })}\n`
  })
  process.once('exit', () => writer.flushSync())
  return writer
}

/**
 * JSON lines on standard output. Lines wait a moment so that many go out in one write, and all go out when the process ends.
 * The line of a request has fixed fields and no secret among them: it goes beside pino, at a quarter of the cost.
 */
export function createLog (level: Config['log']['level'], destination: DestinationStream = standardOutput()): GatewayLog {
  const log = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: errorForLog },
    redact
  }, destination)
  return {
    log,
    writeAccessLine: log.isLevelEnabled('info')
      ? (line) => { destination.write(accessLineText(line)) }
      : null
  }
}

/** What stands for itself in JSON (RFC 8259 §7): nothing in it can end its field. */
const plainText = /^[\w./:-]*$/

/** Field by field: JSON.stringify of the whole costs twice as much. Whatever is not plain goes through it still. */
function accessLineText (line: AccessLine): string {
  let text = `{"level":"info","time":"${isoTime()}"`
  for (const name in line) {
    const value = line[name as keyof AccessLine]
    if (value !== undefined) text += `,"${name}":${asJson(value)}`
  }
  return `${text},"msg":"request"}\n`
}

function asJson (value: string | number | true | null): string {
  if (typeof value !== 'string') return String(value)
  return plainText.test(value) ? `"${value}"` : JSON.stringify(value)
}

let lastTime = 0
let lastText = ''

/** Many requests share a millisecond. */
function isoTime (): string {
  const time = Date.now()
  if (time !== lastTime) lastText = new Date(time).toISOString()
  lastTime = time
  return lastText
}
