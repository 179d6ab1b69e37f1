import { gateway, thisTree, type GatewayOptions } from '../candidates/gateway.ts'
import { endContestants, startContestants, type Contestant } from '../contestants.ts'
import { cpuOfChildren } from '../cpu.ts'
import { proxyCore, supportCore } from '../processes.ts'
import { measureLoad, takeTurns, type Pace, type Sample, type Samples } from '../rounds.ts'
import { bodyBytes, type World } from '../world.ts'
import { medianAndRange, median, ratio, table } from './table.ts'

interface Shared extends Sample {
  /** Of the workers' CPU, what the busiest of them used. */
  readonly busiestShare: number
}

const oneWorker = '1 worker'
const warmUpSeconds = 1

/**
 * One worker and two, and the two ways in which two can share a listener, on both cores with the load, the app and Redis among them:
 * what counts is the CPU of a request; the total rate is what is left to the workers.
 */
export async function measureWorkers (world: World, pace: Pace): Promise<string> {
  const both = { tree: thisTree, label: 'workers', logLevel: 'silent', cores: `${proxyCore},${supportCore}` } as const
  const ways: ReadonlyArray<readonly [string, GatewayOptions]> = [
    [oneWorker, both],
    ['2 workers, connections by turns', { ...both, workers: 2 }],
    ['2 workers, one handle (SCHED_NONE)', { ...both, workers: 2, env: { NODE_CLUSTER_SCHED_POLICY: 'none' } }]
  ]
  const contestants = await startContestants(world, ways.map(([name, options]) => ({ name, candidate: gateway(options) })))
  const kept = await takeTurns('Workers', contestants, pace.rounds, (contestant) => measure(contestant, pace, false))
  const renewed = await takeTurns('Workers, new connections', contestants, pace.rounds, (contestant) => measure(contestant, pace, true))
  await endContestants(contestants)
  return `## Workers

All on the same two cores, the load, the app and Redis too: two workers never have two cores to themselves, and the one does not have
to share. "On free cores" is what two would do by the CPU of a request: twice one worker's ÷ theirs.

${pace.connections} connections that are kept:

${sharedTable(kept)}

A new connection for each request:

${sharedTable(renewed)}`
}

async function measure ({ url, child, cookiesFile }: Contestant, { seconds, connections }: Pace, reconnects: boolean): Promise<Shared> {
  const pid = child.pid ?? 0
  const request = { url: `${url}/1k`, cookiesFile, connections, bodyBytes: bodyBytes['1k'], reconnects }
  await measureLoad(pid, { ...request, seconds: warmUpSeconds })
  const before = cpuOfChildren(pid)
  const loaded = await measureLoad(pid, { ...request, seconds })
  const used = cpuOfChildren(pid).map((microseconds, worker) => microseconds - (before[worker] ?? 0))
  const all = used.reduce((sum, microseconds) => sum + microseconds, 0)
  return { ...loaded, busiestShare: used.length === 0 ? 1 : Math.max(...used) / all }
}

function sharedTable (samples: Samples<Shared>): string {
  const cpu = (own: readonly Shared[]): readonly number[] => own.map(({ cpuMicroseconds }) => cpuMicroseconds)
  const one = samples.get(oneWorker) ?? []
  return table(['', 'CPU µs/request, median (range)', '÷ 1 worker', 'requests/s', '÷ 1 worker', 'cores got', 'busiest worker', 'p99 ms', 'RSS MiB', 'on free cores'], Array.from(samples, ([name, own]) => {
    const rates = own.map(({ requestsPerSecond }) => requestsPerSecond)
    return [
      name,
      medianAndRange(cpu(own)),
      ratio(cpu(own), cpu(one)),
      medianAndRange(rates, 0),
      ratio(rates, one.map(({ requestsPerSecond }) => requestsPerSecond)),
      median(own.map(({ cores }) => cores)).toFixed(2),
      `${(median(own.map(({ busiestShare }) => busiestShare)) * 100).toFixed(0)} %`,
      median(own.map(({ p99Ms }) => p99Ms)).toFixed(1),
      median(own.map(({ residentBytes }) => residentBytes / 2 ** 20)).toFixed(0),
      own === one ? '' : `× ${median(cpu(own).map((microseconds, round) => 2 * (one[round]?.cpuMicroseconds ?? NaN) / microseconds)).toFixed(2)}`
    ]
  }))
}
