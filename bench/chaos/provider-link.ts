import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** One refresh token on its way to AIHubMix, and what became of the answer. */
export interface Spend {
  readonly replica: number
  readonly at: number
  /** Epoch ms; null while under way. */
  endedAt: number | null
  status: number | null
  /** The refresh token the answer carried. */
  next: string | null
  /** The whole answer was handed to the replica's connection, and the connection was open. */
  wasDelivered: boolean
}

/** Everything the replicas said to AIHubMix about tokens. */
export interface TokenLedger {
  /** By refresh token. */
  readonly spends: ReadonlyMap<string, readonly Spend[]>
  /** Every token AIHubMix ever gave. */
  readonly tokens: ReadonlySet<string>
  /** The sign-in a refresh token descends from, by the code that began it. */
  familyOf (refreshToken: string): string | undefined
  readonly families: ReadonlyMap<string, readonly string[]>
  /** The address under which this replica reaches AIHubMix. */
  link (replica: number): Promise<string>
  close (): void
}

/** Stands between each replica and AIHubMix, writes down tokens, and changes nothing. */
export function createTokenLedger (aihubmixUrl: string): TokenLedger {
  const spends = new Map<string, Spend[]>()
  const tokens = new Set<string>()
  const family = new Map<string, string>()
  const families = new Map<string, string[]>()
  const servers: ReturnType<typeof createServer>[] = []

  function given (body: string, familyId: string | undefined): string | null {
    const { access_token: access, refresh_token: refresh } = members(body)
    if (typeof access === 'string') tokens.add(access)
    if (typeof refresh !== 'string' || familyId === undefined) return null
    tokens.add(refresh)
    family.set(refresh, familyId)
    families.set(familyId, [...families.get(familyId) ?? [], refresh])
    return refresh
  }

  function pass (replica: number, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const form = request.url === '/api/oauth2/token' ? new URLSearchParams(body.toString()) : null
    const refreshToken = form?.get('refresh_token') ?? null
    const familyId = refreshToken === null ? form?.get('code') ?? undefined : family.get(refreshToken)
    const spend: Spend = { replica, at: Date.now(), endedAt: null, status: null, next: null, wasDelivered: false }
    if (refreshToken !== null) spends.set(refreshToken, [...spends.get(refreshToken) ?? [], spend])

    const { 'accept-encoding': _, ...headers } = request.headers // tokens are read as they pass
    const onward = ask(`${aihubmixUrl}${request.url}`, { method: request.method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', () => response.destroy())
      answer.on('end', () => {
        const text = Buffer.concat(chunks)
        if (answer.statusCode === 200 && form !== null) spend.next = given(text.toString(), familyId)
        spend.status = answer.statusCode ?? null
        const { 'transfer-encoding': _, ...headers } = answer.headers
        response.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': text.length })
        response.end(text, () => { spend.wasDelivered = !response.destroyed })
      })
    })
    onward.on('error', () => response.destroy())
    // The token may have been spent though nobody waits any more: AIHubMix answers all the same.
    response.on('close', () => { spend.endedAt = Date.now() })
    onward.end(body)
  }

  return {
    spends,
    tokens,
    families,
    familyOf: (refreshToken) => family.get(refreshToken),
    async link (replica) {
      const server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('error', () => {})
        request.on('end', () => pass(replica, request, response, Buffer.concat(chunks)))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      servers.push(server)
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    close () {
      for (const server of servers) { server.closeAllConnections(); server.close() }
    }
  }
}

function members (body: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}
