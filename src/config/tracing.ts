import type { Environment } from './environment.ts'

/** Whether the standard OpenTelemetry variables ask for traces to be exported, and what of them cannot be done. */
export interface TracingWish {
  readonly isOn: boolean
  readonly warning: string | null
}

/** Reads the switches; where to and how (endpoint, headers, timeout, sampler, resource) is read by the OpenTelemetry packages. */
export function readTracingWish (env: Environment = process.env): TracingWish {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? ''
  const isOff = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/json'
  if (endpoint === '' || isOff) return { isOn: false, warning: null }
  return { isOn: true, warning: protocol === 'http/json' ? null : `OTEL_EXPORTER_OTLP_PROTOCOL is ${protocol}: traces are sent as http/json, which every OTLP receiver on port 4318 takes` }
}
