import type { Answer, Exchange } from './exchange.ts'
import { ConnectionFailed } from './connection.ts'

/**
 * The hosts of the back channel, the first one being meant and the others standing in for it (F-03). A call goes to another host only when no
 * connection came about, so nothing of it can have been sent: a POST that may have arrived is never sent again. The host that
 * served is kept to, and the first is tried again after ten minutes.
 */
export type HostsExchange = (path: string, init: RequestInit) => Promise<Answer>

interface HostsOptions {
  /** Origins, at least one. */
  readonly hosts: readonly string[]
  readonly exchange: Exchange
  readonly now: () => number
  /** Told which host serves from now on. */
  readonly onMoved: (host: string) => void
}

const backToTheFirstMs = 10 * 60_000

/** @throws what the last host's `exchange` threw */
export function createHostsExchange ({ hosts, exchange, now, onMoved }: HostsOptions): HostsExchange {
  const [first = '', ...others] = hosts
  let serving = first
  let movedAt = 0

  const inOrder = (): readonly string[] => {
    const preferred = now() - movedAt >= backToTheFirstMs ? first : serving
    return [preferred, ...[first, ...others].filter((host) => host !== preferred)]
  }

  const served = (host: string): void => {
    if (host === serving) return
    serving = host
    movedAt = now()
    onMoved(host)
  }

  return async (path, init) => {
    let failure: unknown
    for (const host of inOrder()) {
      try {
        const answer = await exchange(`${host}${path}`, init)
        served(host)
        return answer
      } catch (error) {
        failure = error
        if (!(error instanceof ConnectionFailed)) throw error
      }
    }
    throw failure
  }
}
