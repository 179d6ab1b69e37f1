/** What the first process says to a worker. Everything else between them is the cluster module's and the metrics package's. */
export type ToWorker =
  | { readonly kind: 'status', readonly question: number }
  | { readonly kind: 'drain' }
  | { readonly kind: 'close' }

/** What a worker says to the first process. */
export type FromWorker =
  | { readonly kind: 'listening' }
  | { readonly kind: 'status', readonly question: number, readonly notReadyBecause: string | null }

/** Others use the same channel: theirs have no kind. */
export function isOurs (message: unknown): message is ToWorker | FromWorker {
  return typeof message === 'object' && message !== null && 'kind' in message
}
