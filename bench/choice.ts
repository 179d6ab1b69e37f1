import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { bareHttpRequest, bareUndici } from './candidates/bare-node.ts'
import type { Candidate } from './candidates/candidate.ts'
import { gateway } from './candidates/gateway.ts'
import { nginx } from './candidates/nginx.ts'
import { oauth2Proxy } from './candidates/oauth2-proxy.ts'
import type { Flags } from './flags.ts'
import { findProgram } from './machine.ts'

const thisTree = join(import.meta.dirname, '..')

/** Who is measured, and what a reader must know about who is not. */
export async function chooseCandidates ({ only, compare, oauth2Proxy: given }: Flags): Promise<{ readonly candidates: readonly Candidate[], readonly notes: readonly string[] }> {
  const binary = given ?? findProgram('oauth2-proxy', [join(homedir(), 'go/bin')])
  const all = [
    nginx,
    bareUndici,
    bareHttpRequest,
    gateway({ tree: thisTree, label: 'gateway', logLevel: 'silent' }),
    gateway({ tree: thisTree, label: 'gateway', logLevel: 'info' }),
    ...compare.map((tree) => gateway({ tree: resolve(tree), label: `gateway in ${basename(tree)}`, logLevel: 'info' })),
    ...(binary === null ? [] : [oauth2Proxy(binary)])
  ]
  return {
    candidates: all.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text))),
    notes: binary === null ? ['oauth2-proxy was not found (`--oauth2-proxy FILE`): it is not in these tables.'] : []
  }
}
