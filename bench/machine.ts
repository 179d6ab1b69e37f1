import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Flags } from './flags.ts'

const wantedOpenFiles = 65_536

/** Where a program is, in the folders of PATH and these others; null when it is nowhere. */
export function findProgram (name: string, others: readonly string[] = []): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...others]
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null
}

export function missingPrograms (): readonly string[] {
  return ['wrk', 'nginx', 'redis-server', 'taskset', 'prlimit'].filter((name) => findProgram(name, ['/usr/sbin']) === null)
}

/** How many files this process and those it starts may have open. */
export function openFilesLimit (): number {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit === undefined ? Infinity : Number(limit) // "unlimited"
}

/** As many as ten thousand connections take, where we may; else what there is. */
export function raiseOpenFilesLimit (): void {
  spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${wantedOpenFiles}:${wantedOpenFiles}`])
}

/** What a reader must know to weigh the figures. */
export function describeMachine ({ rounds, seconds, connections }: Flags): string {
  const processors = cpus()
  return `# Benchmark of ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC

${processors[0]?.model ?? 'unknown CPU'}, ${processors.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}, ${versionOf('nginx', '-v')}, ${versionOf('redis-server', '--version')}.
Commit ${commit()}. ${rounds} interleaved rounds of ${seconds} s after 1 s of warm-up, ${connections} keep-alive connections, 12 browser headers, 200 signed-in users unless it says otherwise; proxy alone on one core; load, app and Redis on the other. No TLS.
Each candidate was seen to answer 200 to a signed-in user, to tell the app who that is, and to let in nobody else. The gateway runs with \`--max-semi-space-size=16\`, as its image does.
CPU = user + system time of the proxy's processes ÷ answered requests. Ratios are medians of the rounds' own ratios.`
}

function isExecutable (file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function versionOf (program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(findProgram(program, ['/usr/sbin']) ?? program, [flag], { encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.map((version) => `${program} ${version}`)[0] ?? program
}

function commit (): string {
  try {
    const at = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: import.meta.dirname }).trim()
    const changed = execFileSync('git', ['status', '--porcelain', '../src'], { encoding: 'utf8', cwd: import.meta.dirname }).trim()
    return changed === '' ? at : `${at} with changes in src/`
  } catch {
    return 'unknown'
  }
}
