import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '../config/schema.ts'

/**
 * JSON lines on standard output. Lines wait a moment so that many go out in one write, and all go out when the process ends.
 * What could be secret is never given to the log; the redaction is a second lock.
 */
export function createLog (level: Config['log']['level'], destination: DestinationStream = pino.destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 500 })): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: ['*.accessToken', '*.refreshToken', '*.clientSecret', '*.authorization', '*.cookie', '*.headers', '*.code_verifier']
  }, destination)
}
