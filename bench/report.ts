import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bareUndici } from './candidates/bare-node.ts'
import { nginx } from './candidates/nginx.ts'
import type { Sample, Samples } from './rounds.ts'
import { median, table } from './sets/table.ts'
import type { StartUp } from './start-up.ts'

/** One table of a set under load. */
export function loadReport (set: string, samples: Samples): string {
  const rows = Array.from(samples, ([name, own]) => [
    name,
    `${figure(own, (sample) => sample.cpuMicroseconds)} (${Math.min(...own.map((sample) => sample.cpuMicroseconds)).toFixed(1)})`,
    ratio(own, samples.get(nginx.name)),
    ratio(own, samples.get(bareUndici.name)),
    figure(own, (sample) => sample.requestsPerSecond, 0),
    figure(own, (sample) => sample.p50Ms, 2),
    figure(own, (sample) => sample.p99Ms),
    figure(own, (sample) => sample.residentBytes / 2 ** 20, 0)
  ])
  return `## ${set} answers\n\n${table(['', 'CPU µs/request, median (min)', '÷ nginx', '÷ bare node', 'requests/s', 'p50 ms', 'p99 ms', 'RSS MiB'], rows)}`
}

export function startUpReport (samples: ReadonlyMap<string, readonly StartUp[]>): string {
  const rows = Array.from(samples, ([name, own]) => [name, figure(own, ({ readyMs }) => readyMs, 0), figure(own, ({ residentBytes }) => residentBytes / 2 ** 20, 0)])
  return `## Start-up and rest\n\n${table(['', 'start to ready, ms', 'RSS at rest, MiB'], rows)}`
}

/** Answers the path written to. */
export async function saveReport (text: string, file: string | null): Promise<string> {
  const path = file ?? join(import.meta.dirname, 'results', `${new Date().toISOString().slice(0, 10)}.md`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${text}\n`)
  return path
}

/** The median of the rounds' own ratios: both sides met the same noise. */
function ratio (own: readonly Sample[], others: readonly Sample[] | undefined): string {
  if (others === undefined) return ''
  return median(own.map(({ cpuMicroseconds }, round) => cpuMicroseconds / (others[round]?.cpuMicroseconds ?? NaN))).toFixed(2)
}

function figure<Measured> (samples: readonly Measured[], read: (sample: Measured) => number, digits = 1): string {
  return median(samples.map(read)).toFixed(digits)
}
