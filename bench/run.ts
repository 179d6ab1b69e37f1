import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Candidate } from './candidates/candidate.ts'
import { chooseCandidates } from './choice.ts'
import { help, readFlags, type Flags, type SetName } from './flags.ts'
import { describeMachine, missingPrograms } from './machine.ts'
import { profileGateway } from './profile.ts'
import { endAll, supportCore } from './processes.ts'
import { loadReport, saveReport, startUpReport } from './report.ts'
import { runRounds } from './rounds.ts'
import { measureEqualLoad } from './sets/equal-load.ts'
import { connectionVariants, measureGrowth, routeVariants, sessionVariants } from './sets/growth.ts'
import { measureSignOut } from './sets/sign-out.ts'
import { measureStreams } from './sets/streams.ts'
import { measureStartUp } from './start-up.ts'
import { startWorld, type World } from './world.ts'

/** Compares the gateway with other proxies on this machine; see `--help`. */
async function main (argv: readonly string[]): Promise<number> {
  const flags = readFlags(argv)
  if (flags === null) {
    console.log(help)
    return 2
  }
  const missing = missingPrograms()
  if (missing.length > 0) {
    console.error(`Not installed: ${missing.join(', ')}\n  apt-get install -y wrk nginx-light redis-server util-linux`)
    return 1
  }

  // Everything but the proxies runs beside this process: children inherit its core.
  execFileSync('taskset', ['-acp', String(supportCore), String(process.pid)], { stdio: 'ignore' })
  const folder = await mkdtemp(join(tmpdir(), 'gateway-bench-'))
  const world = await startWorld(folder)
  try {
    if (flags.profile) {
      console.log(await profileGateway(world, flags))
      return 0
    }
    const { candidates, notes } = await chooseCandidates(flags)
    const parts = [describeMachine(flags), ...notes]
    for (const set of flags.sets) {
      const part = await measureSet(world, set, candidates, flags)
      console.log(`\n${part}`)
      parts.push(part)
    }
    console.log(`\nwritten to ${await saveReport(parts.join('\n\n'), flags.out)}`)
    return 0
  } finally {
    await endAll()
    await world.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** One table of the report. */
async function measureSet (world: World, set: SetName, candidates: readonly Candidate[], flags: Flags): Promise<string> {
  switch (set) {
    case '1k': case '64k': return loadReport(set, await runRounds(world, candidates, set, flags))
    case 'equal-load': return await measureEqualLoad(world, candidates, flags)
    case 'sessions': return await measureGrowth(world, 'Sessions', sessionVariants, flags)
    case 'routes': return await measureGrowth(world, 'Routes', routeVariants, flags)
    case 'connections': return await measureGrowth(world, 'Connections', connectionVariants, flags)
    case 'streams': return await measureStreams(world)
    case 'sign-out': return await measureSignOut(world)
    case 'start': return startUpReport(await measureStartUp(world, candidates, flags.rounds))
  }
}

// The proxies end, so what is under way fails and main() cleans up behind itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { endAll().catch(() => {}) })

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
