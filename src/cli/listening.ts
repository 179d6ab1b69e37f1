import { lookup } from 'node:dns/promises'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/schema.ts'
import { listenProblem } from './listen-problem.ts'

type Address = Config['admin']['listen']

/** False when the address cannot be had; said on standard error, with the `setting` that names it. */
export async function listening (app: FastifyInstance, address: Address, setting: string): Promise<boolean> {
  try {
    await app.listen({ host: await oneAddressOf(address.host), port: address.port })
    return true
  } catch (error) {
    const problem = listenProblem(error, setting)
    if (problem === null) throw error
    console.error(problem)
    return false
  }
}

/** A name is one address, and on every machine the same: its IPv4 one where it has one, as what connects to `localhost` tries too. */
async function oneAddressOf (host: string): Promise<string> {
  return (await lookup(host, { order: 'ipv4first' })).address
}

export const publicSetting = 'server.listen, or GATEWAY_SERVER_LISTEN'
export const adminSetting = 'admin.listen, or GATEWAY_ADMIN_LISTEN'
