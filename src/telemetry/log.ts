import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '../config/schema.ts'

/**
 * JSON lines on standard output. Lines wait a moment so that many go out in one write, and all go out when the process ends.
 */
export function createLog (level: Config['log']['level'], destination: DestinationStream = pino.destination({ dest: 1, sync: false, minLength: 8_192, periodicFlush: 500 })): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) }
  }, destination)
}

/**
 * What could be secret is never given to the log; this is a second lock, for everything but the line of each request, whose
 * fields are fixed: there it would cost as much as the line itself.
 */
export function withRedaction (log: Logger): Logger {
  return log.child({}, { redact: ['*.accessToken', '*.refreshToken', '*.clientSecret', '*.authorization', '*.cookie', '*.headers', '*.code_verifier'] })
}
