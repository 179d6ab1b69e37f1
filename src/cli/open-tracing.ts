import type { Logger } from 'pino'
import { readTracingWish } from '../config/tracing.ts'
import { createExportWatch } from '../telemetry/export-watch.ts'
import type { GatewayMetrics } from '../telemetry/metrics.ts'
import type { OpenTelemetry } from '../telemetry/opentelemetry.ts'
import { version } from './version.ts'

/** Loaded only where traces are asked for: it is 30 packages. */
export async function openTracing (log: Logger, metrics: Pick<GatewayMetrics, 'tracesExported'>): Promise<OpenTelemetry | null> {
  const { isOn, warning } = readTracingWish()
  if (warning !== null) log.warn(warning)
  if (!isOn) return null
  const { createOpenTelemetry } = await import('../telemetry/opentelemetry.ts')
  return createOpenTelemetry(version, createExportWatch({ log, count: metrics.tracesExported }))
}
