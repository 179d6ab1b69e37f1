import { GatewayError } from '../errors.ts'
import type { StoreCommand } from '../session/measured-store.ts'
import { runningTrace } from './trace.ts'

/** Begins the span of a command to the session store, beneath the work it is for; where no request began that work there is none. Returns how it ended. */
export function beginStoreSpan (command: StoreCommand): (error?: unknown) => void {
  const trace = runningTrace().call(`store ${command}`, { 'db.system.name': 'redis', 'db.operation.name': command })
  return (error) => trace.end(error === undefined ? {} : { error: error instanceof GatewayError ? error.code : 'internal_error' })
}
