import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GatewayError } from '../errors.ts'
import type { SessionAdministration, Whose } from '../session/administration.ts'
import type { SessionEntry } from '../session/session-index.ts'

export interface SessionAdminOptions {
  readonly administration: SessionAdministration
  /** What an operator shows as `Authorization: Bearer`. */
  readonly token: string
  readonly onRevoked: (count: number) => void
}

/** Session administration: `GET /sessions` lists, `DELETE /sessions` ends; `?user=ID` or `?all=true` says whose. */
export async function sessionAdminPlugin (app: FastifyInstance, { administration, token, onRevoked }: SessionAdminOptions): Promise<void> {
  const expected = digest(`Bearer ${token}`)

  app.addHook('onRequest', async (request, reply) => {
    // Digests of one length: how long it takes says nothing about how much was right.
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return
    request.log.warn({ audit: 'admin_refused', peer: request.socket.remoteAddress }, 'session administration asked without its token')
    return await reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'login_required', message: 'Show the token of admin.token as Authorization: Bearer.' })
  })

  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof GatewayError)) throw error // the framework's own, with its status
    request.log.error({ code: error.code, err: error.cause }, `session administration answered ${error.status}`)
    if (error.retryAfterSeconds !== null) reply.header('retry-after', String(error.retryAfterSeconds))
    return reply.code(error.status).header('cache-control', 'no-store').send({ error: error.code, message: messageFor(error) })
  })

  app.get('/sessions', async (request, reply) => {
    const whose = whoseOf(request)
    if (whose === null) return await reply.code(400).send(unclear)
    return await reply.header('cache-control', 'no-store').send({ sessions: (await administration.list(whose)).map(readable) })
  })

  app.delete('/sessions', async (request, reply) => {
    const whose = whoseOf(request)
    if (whose === null) return await reply.code(400).send(unclear)
    const revoked = await administration.revoke(whose)
    request.log.info({ audit: 'sessions_revoked', user: whose === 'all' ? null : whose.user, revoked }, 'sessions ended by an operator')
    onRevoked(revoked)
    return { revoked }
  })
}

/** An operator is told otherwise than a user: what was ended before the store went away stays so. */
function messageFor ({ code, message }: GatewayError): string {
  return code === 'session_store_unavailable' ? 'The session store does not answer. What was asked for may have happened in part; ask again when it does.' : message
}

const unclear = { error: 'missing_parameters', message: 'Say whose sessions: ?user=ID or ?all=true, one of them.' }

function whoseOf ({ url }: FastifyRequest): Whose | null {
  const query = new URL(url, 'http://admin.invalid').searchParams
  const [users, all] = [query.getAll('user'), query.getAll('all')]
  if (all.length === 1 && all[0] === 'true' && users.length === 0) return 'all'
  const [user = ''] = users
  return users.length === 1 && user !== '' && all.length === 0 ? { user } : null
}

function readable ({ id, user, createdAt, lastSeenAt }: SessionEntry): object {
  return { user, session: id.slice(0, 8), created: new Date(createdAt).toISOString(), last_seen: new Date(lastSeenAt).toISOString() }
}

function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
