import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Contestant } from './contestants.ts'
import type { Sample, Samples } from './rounds.ts'
import { median, medianAndRange, ratio, table } from './sets/table.ts'
import type { StartUp } from './start-up.ts'

const mebibyte = 2 ** 20

/** One table of contestants under load, each compared with some of them: the heading of a column, and whom it divides by. */
export function loadTable (contestants: readonly Contestant[], samples: Samples, comparisons: ReadonlyArray<readonly [string, string]>): string {
  const cpu = (name: string): readonly number[] | undefined => samples.get(name)?.map(({ cpuMicroseconds }) => cpuMicroseconds)
  const shown = comparisons.filter(([, name]) => samples.has(name))
  const rows = contestants.map(({ name, restBytes }) => {
    const figures = (read: (sample: Sample) => number): readonly number[] => samples.get(name)?.map(read) ?? []
    return [
      name,
      medianAndRange(cpu(name) ?? []),
      ...shown.map(([, other]) => ratio(cpu(name) ?? [], cpu(other))),
      median(figures(({ requestsPerSecond }) => requestsPerSecond)).toFixed(0),
      `${(median(figures(({ cores }) => cores)) * 100).toFixed(0)} %`,
      median(figures(({ p50Ms }) => p50Ms)).toFixed(2),
      medianAndRange(figures(({ p99Ms }) => p99Ms)),
      (restBytes / mebibyte).toFixed(0),
      medianAndRange(figures(({ residentBytes }) => residentBytes / mebibyte), 0)
    ]
  })
  return table(['', 'CPU µs/request, median (range)', ...shown.map(([heading]) => heading), 'requests/s', 'of its core', 'p50 ms', 'p99 ms', 'RSS MiB at rest', 'under load'], rows)
}

export function startUpReport (samples: ReadonlyMap<string, readonly StartUp[]>): string {
  const rows = Array.from(samples, ([name, own]) => [name, median(own.map(({ readyMs }) => readyMs)).toFixed(0), medianAndRange(own.map(({ residentBytes }) => residentBytes / mebibyte), 0)])
  return `## Start-up and rest\n\n${table(['', 'start to ready, ms', 'RSS at rest, MiB'], rows)}`
}

/** Answers the path written to. */
export async function saveReport (text: string, file: string | null): Promise<string> {
  const path = file ?? join(import.meta.dirname, 'results', `${new Date().toISOString().slice(0, 10)}.md`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${text}\n`)
  return path
}
