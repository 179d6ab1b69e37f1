interface ExportWatchOptions {
  readonly log: {
    info (details: object, message: string): void
    warn (details: object, message: string): void
  }
  readonly count: (outcome: 'success' | 'failed') => void
  readonly clock?: () => number
}

/** However often a collector comes and goes: one line a minute at most. */
const warnAgainAfterMs = 60_000

/** Told of each batch of spans, with the reason where nobody took it: says once in the log that spans are lost, and once that they no longer are. */
export function createExportWatch ({ log, count, clock = () => performance.now() }: ExportWatchOptions): (failure: Error | null) => void {
  let warnedAt = -Infinity
  let isWarned = false
  let lostBatches = 0

  const failed = (failure: Error): void => {
    lostBatches++
    if (isWarned || clock() - warnedAt < warnAgainAfterMs) return
    isWarned = true
    warnedAt = clock()
    log.warn({ err: failure }, 'traces are not taken by the OpenTelemetry collector and are lost; requests are served as before. Check OTEL_EXPORTER_OTLP_ENDPOINT. Further failures are only counted')
  }

  const taken = (): void => {
    if (isWarned) log.info({ lostBatches }, 'traces are taken again')
    isWarned = false
    lostBatches = 0
  }

  return (failure) => {
    count(failure === null ? 'success' : 'failed')
    if (failure === null) taken()
    else failed(failure)
  }
}
