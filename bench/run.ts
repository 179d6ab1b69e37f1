import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseCandidates, type Choice } from './choice.ts'
import { help, readFlags, type Flags, type SetName } from './flags.ts'
import { describeMachine, missingPrograms, raiseOpenFilesLimit } from './machine.ts'
import { profileGateway } from './profile.ts'
import { endAll, supportCore } from './processes.ts'
import { saveReport, startUpReport } from './report.ts'
import { measureAnswers } from './sets/answers.ts'
import { measureEqualLoad } from './sets/equal-load.ts'
import { measureConnections, measureRoutes, measureStored } from './sets/growth.ts'
import { measureIdle } from './sets/idle.ts'
import { measureMisses } from './sets/miss.ts'
import { measureSessions } from './sets/sessions.ts'
import { measureSignOut } from './sets/sign-out.ts'
import { measureStreams } from './sets/streams.ts'
import { measureWorkers } from './sets/workers.ts'
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
  raiseOpenFilesLimit()

  // Everything but the proxies runs beside this process: children inherit its core.
  execFileSync('taskset', ['-acp', String(supportCore), String(process.pid)], { stdio: 'ignore' })
  const folder = await mkdtemp(join(tmpdir(), 'gateway-bench-'))
  const world = await startWorld(folder)
  try {
    if (flags.profile) {
      console.log(await profileGateway(world, flags))
      return 0
    }
    const choice = chooseCandidates(flags)
    const parts = [describeMachine(flags), ...choice.notes]
    for (const set of flags.sets) {
      const part = await measureSet(world, set, choice, flags)
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

/** One part of the report. */
async function measureSet (world: World, set: SetName, { candidates, oauth2Proxy }: Choice, flags: Flags): Promise<string> {
  const [logsOn, logsOff] = [oauth2Proxy?.logsOn ?? null, oauth2Proxy?.logsOff ?? null]
  switch (set) {
    case '1k': case '64k': return await measureAnswers(world, candidates, set, flags)
    case 'equal-load': return await measureEqualLoad(world, candidates, flags)
    case 'sessions': return await measureSessions(world, logsOn, flags)
    case 'miss': return await measureMisses(world, logsOff, flags)
    case 'stored': return await measureStored(world, flags)
    case 'routes': return await measureRoutes(world, flags)
    case 'connections': return await measureConnections(world, flags)
    case 'workers': return await measureWorkers(world, flags)
    case 'streams': return await measureStreams(world, logsOn, flags)
    case 'idle': return await measureIdle(world, logsOn, flags)
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
