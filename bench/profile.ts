import { copyFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { flagsOfTheImage, gateway, thisTree } from './candidates/gateway.ts'
import type { Flags } from './flags.ts'
import { load } from './load.ts'
import { end } from './processes.ts'
import { signUsersIn } from './sign-in.ts'
import { bodyBytes, type World } from './world.ts'

/** As V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
interface CpuProfile {
  readonly nodes: ReadonlyArray<{ readonly id: number, readonly callFrame: { readonly functionName: string, readonly url: string, readonly lineNumber: number } }>
  readonly samples: readonly number[]
  /** µs since the sample before. */
  readonly timeDeltas: readonly number[]
}

const shown = 40

/** The gateway's self times under load, by function and by package. */
export async function profileGateway (world: World, { compare: [tree = thisTree], seconds, connections, out }: Flags): Promise<string> {
  const candidate = gateway({ tree, label: 'profiled', logLevel: 'info', nodeFlags: [...flagsOfTheImage, '--cpu-prof', `--cpu-prof-dir=${world.folder}`, '--cpu-prof-interval=200'] })
  const startedAt = performance.now()
  const { url, child } = await candidate.start(world)
  if (candidate.sessions === null) throw new Error('a gateway without sessions')
  const cookiesFile = await signUsersIn(world, candidate.sessions, url)
  const request = { url: `${url}/1k`, cookiesFile, connections, bodyBytes: bodyBytes['1k'] }
  await load({ ...request, seconds: 2 })
  const from = performance.now() - startedAt
  await load({ ...request, seconds })
  const to = performance.now() - startedAt
  await end(child)

  const [file] = (await readdir(world.folder)).filter((name) => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error('the gateway left no profile')
  if (out !== null) await copyFile(join(world.folder, file), out)
  return summary(JSON.parse(await readFile(join(world.folder, file), 'utf8')), from * 1_000, to * 1_000)
}

function summary (profile: CpuProfile, fromMicroseconds: number, toMicroseconds: number): string {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const byFunction = new Map<string, number>()
  const byPackage = new Map<string, number>()
  let total = 0
  let at = 0
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0
    at += delta
    const frame = nodes.get(id)
    if (at < fromMicroseconds || at > toMicroseconds || frame === undefined || frame.functionName === '(idle)') continue
    total += delta
    add(byFunction, `${frame.functionName || '(anonymous)'}  ${shortened(frame.url)}:${frame.lineNumber + 1}`, delta)
    add(byPackage, packageOf(frame.url, frame.functionName), delta)
  }
  return `by package\n${top(byPackage, total)}\n\nby function\n${top(byFunction, total)}`
}

function add (times: Map<string, number>, key: string, delta: number): void {
  times.set(key, (times.get(key) ?? 0) + delta)
}

function top (times: ReadonlyMap<string, number>, total: number): string {
  const sorted = Array.from(times).sort(([, a], [, b]) => b - a).slice(0, shown)
  return sorted.map(([key, time]) => `${(100 * time / total).toFixed(1).padStart(6)} %  ${key}`).join('\n')
}

function shortened (url: string): string {
  return url.replace(/^file:\/\/.*\/(node_modules|src)\//, '$1/')
}

function packageOf (url: string, functionName: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native calls'
  return /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(url)?.[1] ??
    /\/(src\/[^/]+)/.exec(url)?.[1] ??
    url.split('/').slice(0, 2).join('/')
}
