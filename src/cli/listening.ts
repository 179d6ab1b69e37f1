import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/schema.ts'
import { listenProblem } from './listen-problem.ts'

type Address = Config['admin']['listen']

/** False when the address cannot be had; said on standard error, with the `setting` that names it. */
export async function listening (app: FastifyInstance, address: Address, setting: string): Promise<boolean> {
  try {
    await app.listen({ ...address })
    return true
  } catch (error) {
    const problem = listenProblem(error, setting)
    if (problem === null) throw error
    console.error(problem)
    return false
  }
}

export const publicSetting = 'server.listen, or GATEWAY_SERVER_LISTEN'
export const adminSetting = 'admin.listen, or GATEWAY_ADMIN_LISTEN'
