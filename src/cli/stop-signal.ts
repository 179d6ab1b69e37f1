import { once } from 'node:events'

/** Resolves at the next SIGTERM or SIGINT. */
export async function stopSignal (): Promise<void> {
  const heard = new AbortController()
  await Promise.race([once(process, 'SIGTERM', heard), once(process, 'SIGINT', heard)])
  heard.abort()
}
