import { collectDefaultMetrics, type Registry } from '@prometheus-io/client'

/** How exactly the lag of the event loop is measured: each look wakes the process. */
const lagPrecisionMs = 20

/** Memory, CPU, garbage collection and event-loop lag of this process. Once a process: what it measures with is never taken away. */
export function collectProcessMetrics (registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagPrecisionMs })
}
