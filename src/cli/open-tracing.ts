import type { Logger } from 'pino'
import { readTracingWish } from '../config/tracing.ts'
import type { OpenTelemetry } from '../telemetry/opentelemetry.ts'
import { version } from './version.ts'

/** Loaded only where traces are asked for: it is 30 packages. */
export async function openTracing (log: Logger): Promise<OpenTelemetry | null> {
  const { isOn, warning } = readTracingWish()
  if (warning !== null) log.warn(warning)
  return isOn ? (await import('../telemetry/opentelemetry.ts')).createOpenTelemetry(version) : null
}
