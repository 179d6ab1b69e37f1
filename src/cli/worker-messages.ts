/** What the first process says to a worker. Everything else between them is the cluster module's and the metrics package's. */
export type ToWorker =
  | { readonly kind: 'status', readonly question: number }
  | { readonly kind: 'drain' }
  | { readonly kind: 'close' }
  /** Closing takes no longer than that what is open is cut. */
  | { readonly kind: 'cut' }
  /** An operator ended so many sessions through the first process: one worker counts them, with everything else. */
  | { readonly kind: 'revoked', readonly count: number }

/** What a worker says to the first process. */
export type FromWorker =
  | { readonly kind: 'listening' }
  | { readonly kind: 'status', readonly question: number, readonly notReadyBecause: string | null }

/** Others use the same channel: theirs have no kind. */
export function isOurs (message: unknown): message is ToWorker | FromWorker {
  return typeof message === 'object' && message !== null && 'kind' in message
}
