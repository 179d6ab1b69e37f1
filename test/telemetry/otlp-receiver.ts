import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Teardown { after (undo: () => unknown): void }

/** One span as OTLP/JSON carries it. */
export interface ReceivedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly kind: number
  readonly status: { readonly code?: number }
  readonly attributes: ReadonlyArray<{ readonly key: string, readonly value: Readonly<Record<string, unknown>> }>
}

interface TracesRequest {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: ReceivedSpan['attributes'] }
    readonly scopeSpans: ReadonlyArray<{ readonly spans: readonly ReceivedSpan[] }>
  }>
}

/** A receiver of OTLP over HTTP with JSON: a real collector, as far as an exporter can tell. */
export interface OtlpReceiver {
  readonly url: string
  readonly spans: ReceivedSpan[]
  readonly resources: Array<ReceivedSpan['attributes']>
  /** Every byte of every body, and the headers. */
  readonly received: () => string
}

export async function startOtlpReceiver (t: Teardown): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const resources: Array<ReceivedSpan['attributes']> = []
  let received = ''
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    received += `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}\n`
    const { resourceSpans }: TracesRequest = JSON.parse(body)
    resources.push(...resourceSpans.map(({ resource }) => resource.attributes))
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
    response.setHeader('content-type', 'application/json').end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, resources, received: () => received }
}
