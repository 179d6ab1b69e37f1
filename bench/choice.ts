import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { bareHttpRequest, bareUndici } from './candidates/bare-node.ts'
import type { Candidate } from './candidates/candidate.ts'
import { gateway, thisTree } from './candidates/gateway.ts'
import { nginx } from './candidates/nginx.ts'
import { oauth2Proxy } from './candidates/oauth2-proxy.ts'
import type { Flags } from './flags.ts'
import { findProgram } from './machine.ts'

export interface Choice {
  /** Of the sets that compare all of them. */
  readonly candidates: readonly Candidate[]
  /** For the sets that choose for themselves; null where there is none. */
  readonly oauth2Proxy: { readonly logsOn: Candidate, readonly logsOff: Candidate } | null
  /** What a reader must know about who is not measured. */
  readonly notes: readonly string[]
}

/** Who is measured. */
export function chooseCandidates ({ only, compare, oauth2Proxy: given }: Flags): Choice {
  const binary = given ?? findProgram('oauth2-proxy', [join(homedir(), 'go/bin')])
  const proxies = binary === null ? null : { logsOn: oauth2Proxy(binary), logsOff: oauth2Proxy(binary, { logs: false }) }
  const all = [
    nginx,
    bareUndici,
    bareHttpRequest,
    gateway({ tree: thisTree, label: 'gateway', logLevel: 'silent' }),
    gateway({ tree: thisTree, label: 'gateway', logLevel: 'info' }),
    ...compare.map((tree) => gateway({ tree: resolve(tree), label: `gateway in ${basename(tree)}`, logLevel: 'info' })),
    ...(proxies === null ? [] : [proxies.logsOff, proxies.logsOn])
  ]
  return {
    candidates: all.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text))),
    oauth2Proxy: proxies,
    notes: binary === null ? ['oauth2-proxy was not found (`--oauth2-proxy FILE`): it is not in these tables.'] : []
  }
}
