import { setTimeout as delay } from 'node:timers/promises'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Context, type Span, type Tracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { BeginTrace, RemoteTrace, RemoteTraceOf, SpanEnd, Trace } from './trace.ts'

const closeWithinMs = 2_000

export interface OpenTelemetry {
  beginTrace (remoteTraceOf: RemoteTraceOf): BeginTrace
  /** Sends what is still held, as far as somebody takes it within a moment: no stop waits for a collector. */
  close (): Promise<void>
}

/**
 * Exports a span of each request and each call to whom the standard OTEL_* variables name, which the packages read themselves.
 * `onExport` is told what became of each batch: null when it was taken.
 */
export function createOpenTelemetry (version: string, onExport: (failure: Error | null) => void): OpenTelemetry {
  const named = resourceFromAttributes({ 'service.name': 'aihubmix-gateway', 'service.version': version })
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(named).merge(detectResources({ detectors: [envDetector] })), // the operator's names win
    spanProcessors: [new BatchSpanProcessor(telling(new OTLPTraceExporter(), onExport))]
  })
  const tracer = provider.getTracer('aihubmix-gateway', version)
  return {
    beginTrace: (remoteTraceOf) => (request, requestId) => {
      const remote = remoteTraceOf(request)
      const attributes = { 'http.request.method': request.method ?? '', 'aihubmix_gateway.request_id': requestId }
      return traced(tracer, tracer.startSpan('request', { kind: SpanKind.SERVER, attributes }, remote === null ? ROOT_CONTEXT : contextOf(remote)), remote?.tracestate ?? null)
    },
    close: () => Promise.race([provider.shutdown().catch(() => {}), delay(closeWithinMs, undefined, { ref: false })])
  }
}

const taken = 0

/** The packages tell nobody what became of a batch. */
function telling (exporter: SpanExporter, onExport: (failure: Error | null) => void): SpanExporter {
  return {
    export (spans, done) {
      exporter.export(spans, (result) => {
        onExport(result.code === taken ? null : result.error ?? new Error('no reason was given'))
        done(result)
      })
    },
    shutdown: async () => { await exporter.shutdown() },
    forceFlush: async () => { await exporter.forceFlush?.() }
  }
}

function traced (tracer: Tracer, span: Span, tracestate: string | null): Trace {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    tracestate,
    call: (name, attributes = {}) => traced(tracer, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, trace.setSpan(ROOT_CONTEXT, span)), tracestate),
    end: (how) => { end(span, how) }
  }
}

function end (span: Span, { name, attributes, error }: SpanEnd = {}): void {
  if (name !== undefined) span.updateName(name)
  if (attributes !== undefined) span.setAttributes(attributes)
  if (error !== undefined) span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

function contextOf ({ traceId, spanId, flags }: RemoteTrace): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true })
}
