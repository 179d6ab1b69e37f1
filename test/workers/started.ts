import { readFile } from 'node:fs/promises'
import { request } from 'undici'
import { WebSocketServer } from 'ws'
import { startServed, type Served } from '../reload/served.ts'
import { sessionKey } from '../rig/rig.ts'
import type { Answer } from '../rig/upstream.ts'

export const workerCount = 2

interface WorkersOptions {
  readonly redisUrl: string
  readonly server?: object
  readonly upstream?: Answer
}

type Sections = Readonly<Record<string, object>>

export const sections = (redisUrl: string, server: object = {}): Sections => ({ server: { workers: workerCount, ...server }, session: { keys: [sessionKey], redis: { url: redisUrl } } })

/** The program itself, serving with two workers. */
export function startWorkers (t: Parameters<typeof startServed>[0], { redisUrl, server, upstream }: WorkersOptions): Promise<Served> {
  return startServed(t, { over: sections(redisUrl, server), ...(upstream === undefined ? {} : { upstream }) })
}

/** The processes that serve. */
export async function pidsOf ({ process: { child } }: Served): Promise<readonly number[]> {
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
  return children.trim().split(' ').filter((pid) => pid !== '').map(Number)
}

/** What /ready says: its status as `code`, and why. */
export async function ready ({ adminUrl }: Served): Promise<{ readonly code: number, readonly reason?: string }> {
  const { statusCode, body } = await request(`${adminUrl}/ready`)
  return { ...Object(await body.json()), code: statusCode }
}

export function acceptWebSockets ({ upstream: { server } }: Served): WebSocketServer {
  return new WebSocketServer({ server })
}
