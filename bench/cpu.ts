import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** User and system time used so far by a process and its living children, all threads. */
export function cpuMicroseconds (pid: number): number {
  return sum(family(pid).map(ticks)) * 1_000_000 / ticksPerSecond
}

/** The same of each child alone, its own children included, in the order they were started in. */
export function cpuOfChildren (pid: number): readonly number[] {
  return childrenOf(pid).map(cpuMicroseconds)
}

/** Resident memory of a process and its children. */
export function residentBytes (pid: number): number {
  return sum(family(pid).map((member) => 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${member}/status`))?.[1] ?? 0)))
}

function ticks (pid: number): number {
  // The name may hold spaces and brackets; after the last bracket come state (field 3), then utime and stime (14, 15).
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

function family (pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(family)]
}

function childrenOf (pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number))
}

function read (file: string): string {
  return readFileSync(file, 'utf8')
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
