import { join } from 'node:path'
import { gateway } from '../candidates/gateway.ts'
import type { RunningCandidate } from '../candidates/candidate.ts'
import { cpuMicroseconds, residentBytes } from '../cpu.ts'
import type { Flags } from '../flags.ts'
import { load } from '../load.ts'
import { end } from '../processes.ts'
import { signUsersIn } from '../sign-in.ts'
import { bodyBytes, type World } from '../world.ts'
import { medianAndLeast, table } from './table.ts'

const tree = join(import.meta.dirname, '../..')

/** One way to run the gateway, to be compared with the others of its table. */
interface Variant {
  readonly name: string
  /** Users signed in, each with a session in use; 200 unless given. */
  readonly users?: number
  readonly routes?: number
  readonly connections?: number
}

interface Running extends RunningCandidate { readonly variant: Variant, readonly cookiesFile: string }

/** Users signed in and in use. */
export const sessionVariants: readonly Variant[] = [1, 200, 2_000].map((users) => ({ name: `${users} sessions`, users }))

export const routeVariants: readonly Variant[] = [1, 100, 1_000].map((routes) => ({ name: `${routes} routes`, routes }))

export const connectionVariants: readonly Variant[] = [1, 32, 256, 1_000].map((connections) => ({ name: `${connections} connections`, connections }))

/** The gateway alone, in ways that should cost the same; interleaved. */
export async function measureGrowth (world: World, title: string, variants: readonly Variant[], { rounds, seconds, connections }: Pick<Flags, 'rounds' | 'seconds' | 'connections'>): Promise<string> {
  const running: Running[] = []
  for (const [index, variant] of variants.entries()) running.push(await start(world, variant, `growth-${index}`))
  const cpu = new Map<Variant, number[]>(variants.map((variant) => [variant, []]))
  const memory = new Map<Variant, number>()
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`${title}: round ${round + 1} of ${rounds}\r`)
    for (const { variant, url, child, cookiesFile } of round % 2 === 0 ? running : running.toReversed()) {
      const request = { url: `${url}/1k`, cookiesFile, connections: variant.connections ?? connections, bodyBytes: bodyBytes['1k'] }
      await load({ ...request, seconds: round === 0 ? 5 : 1 }) // every session is met once
      const before = cpuMicroseconds(child.pid ?? 0)
      const { requests } = await load({ ...request, seconds })
      cpu.get(variant)?.push((cpuMicroseconds(child.pid ?? 0) - before) / requests)
      memory.set(variant, residentBytes(child.pid ?? 0))
    }
  }
  await Promise.all(running.map(({ child }) => end(child)))
  const [first] = variants.map((variant) => Math.min(...cpu.get(variant) ?? []))
  return `## ${title}\n\n${table(['', 'CPU µs/request, median (min)', '÷ first, by the min', 'RSS MiB'], variants.map((variant) => {
    const own = cpu.get(variant) ?? []
    return [variant.name, medianAndLeast(own), (Math.min(...own) / (first ?? NaN)).toFixed(2), ((memory.get(variant) ?? 0) / 2 ** 20).toFixed(0)]
  }))}`
}

async function start (world: World, variant: Variant, label: string): Promise<Running> {
  const candidate = gateway({
    tree,
    label,
    logLevel: 'silent',
    nodeFlags: ['--max-semi-space-size=16'],
    config: ({ upstreamUrl }) => ({
      routes: [{ path: '/', upstream: upstreamUrl }, ...Array.from({ length: (variant.routes ?? 1) - 1 }, (_value, index) => ({ path: `/other/${index}`, upstream: upstreamUrl }))]
    })
  })
  if (candidate.sessions === null) throw new Error('a gateway without sessions')
  const running = await candidate.start(world)
  return { variant, cookiesFile: await signUsersIn(world, candidate.sessions, running.url, variant.users), ...running }
}
