import { once } from 'node:events'

/** Resolves at the next SIGTERM or SIGINT; rejects when nobody waits any more. */
export async function stopSignal (options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  const heard = new AbortController()
  const signal = AbortSignal.any([heard.signal, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    await Promise.race([once(process, 'SIGTERM', { signal }), once(process, 'SIGINT', { signal })])
  } finally {
    heard.abort()
  }
}
