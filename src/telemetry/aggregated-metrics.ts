import { AggregatorRegistry, type Registry } from '@prometheus-io/client'

/** What every worker has counted, those that ended in an orderly way included; read in the first process. */
export function createAggregatedMetrics (): Pick<Registry, 'contentType' | 'metrics'> {
  const aggregated = new AggregatorRegistry()
  return { contentType: aggregated.contentType, metrics: async () => await aggregated.clusterMetrics() }
}

/** Hands what this worker counts to the first process whenever it asks. Returns how to hand over the last of it, before the end. */
export function shareMetrics (registry: Registry): () => Promise<void> {
  AggregatorRegistry.setRegistries([registry])
  const aggregated = new AggregatorRegistry()
  return async () => { await aggregated.shutdown() }
}
