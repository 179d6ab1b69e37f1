import { connectionProblem, probe } from '../aihubmix/probe.ts'
import type { Config } from '../config/schema.ts'
import { createUpstreams } from '../proxy/upstreams.ts'
import { aihubmixFindings, type Finding } from './online-aihubmix.ts'
import { redisFinding } from './online-redis.ts'

/** Looks at everything the gateway needs to reach. The client secret is sent to nobody. */
export async function onlineFindings (config: Config, now: () => number = Date.now): Promise<readonly Finding[]> {
  const isPublic = !/^https?:\/\/(localhost|127\.|\[::1\])/.test(config.server.publicUrl)
  const found = await Promise.all([
    config.session.redis === null ? [] : redisFinding(config.session.redis),
    aihubmixFindings(config.aihubmix, { isPublic, now }),
    upstreamFindings(config.routes),
    publicUrlFinding(config)
  ])
  return found.flat()
}

async function upstreamFindings (routes: Config['routes']): Promise<readonly Finding[]> {
  const upstreams = createUpstreams(routes)
  const found = await Promise.all(routes.filter(({ upstream }) => upstream !== null).map(async (route): Promise<Finding> => {
    const { pool, basePath } = upstreams.of(route)
    const name = route.upstream?.kind === 'unix' ? `unix:${route.upstream.socketPath}` : route.upstream?.origin ?? ''
    const about = `the app at ${name}, of the route ${route.host ?? ''}${route.path}`
    try {
      const { body } = await pool.request({ method: 'HEAD', path: `${basePath}/`, signal: AbortSignal.timeout(route.timeouts.connect + 5_000) })
      await body.dump()
      return { about, problem: null } // whatever it answers, it is there
    } catch (error) {
      return { about, problem: `It cannot be reached: ${connectionProblem(error)}. Check the route's upstream and tls, and that the app runs.` }
    }
  }))
  await upstreams.close()
  return found
}

async function publicUrlFinding ({ server: { publicUrl }, aihubmix }: Config): Promise<Finding> {
  const about = `the public address ${publicUrl}`
  try {
    const { status, text } = await probe(`${publicUrl}/oauth2/ping`, { timeoutMs: aihubmix.timeout })
    const problem = `Somebody else answers there (${status}): lead it to this gateway, every path below it, with the Host header as the browser sent it.`
    return { about, problem: status === 200 && text === 'pong' ? null : problem }
  } catch (error) {
    return { about, problem: `It cannot be reached from here: ${connectionProblem(error)}. Before the first start that is so; afterwards check DNS, the certificate and what stands in front.` }
  }
}
