import { join } from 'node:path'
import { freePort } from '../../test/rig/redis.ts'
import { answers, launch, proxyCore } from '../processes.ts'
import type { Candidate } from './candidate.ts'

/** The floor under every proxy on Node: `node:http` in front, undici's dispatch behind, headers copied, nothing decided. */
export const bareUndici = bareNode('node:http + undici dispatch', 'undici-forwarder.ts')

/** The same with Node's own client. */
export const bareHttpRequest = bareNode('node:http + http.request', 'http-request-forwarder.ts')

function bareNode (name: string, script: string): Candidate {
  return {
    name,
    sessions: null,
    async start ({ folder, upstreamUrl }) {
      const port = await freePort()
      const args = [join(import.meta.dirname, script), String(port), upstreamUrl]
      const child = launch({ core: proxyCore, command: process.execPath, args, outputFile: join(folder, `${script}.log`) })
      const url = `http://127.0.0.1:${port}`
      await answers(`${url}/1k`, child)
      return { url, child }
    }
  }
}
