import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gateway } from './candidates/gateway.ts'
import { load } from './load.ts'
import { missingPrograms } from './machine.ts'
import { endAll, supportCore } from './processes.ts'
import { signUsersIn } from './sign-in.ts'
import { createErrors, type Errors } from './soak/errors.ts'
import { growth, readMemory, type Memory } from './soak/memory.ts'
import { listener, play, talker, visitor, type Deeds } from './soak/people.ts'
import { bodyBytes, startLiveApp, startWorld, type World } from './world.ts'

const help = `npm run soak -- [OPTIONS]

Half the load the gateway can bear, on one core, for a long time: requests of 200 users whose tokens are refreshed every
half minute, and people who sign in and out, and WebSockets and event streams that come and go. Prints memory every slice,
counts every error, and ends with a verdict: 1 when there was an error or memory grew.

  --minutes N         how long; default 30
  --slice-seconds S   how often memory is read; default 60
  --people N          of each kind; default 10`

/** More than this from the second third to the last is growth, not noise. */
const toleratedGrowth = 0.1
const pauseMs = 10
/** Refreshed a quarter of its life before its end. */
const tokenSeconds = 40

async function main (argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { minutes: { type: 'string', default: '30' }, 'slice-seconds': { type: 'string', default: '60' }, people: { type: 'string', default: '10' }, help: { type: 'boolean' } } })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  const missing = missingPrograms()
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`)
  execFileSync('taskset', ['-acp', String(supportCore), String(process.pid)], { stdio: 'ignore' })
  const folder = await mkdtemp(join(tmpdir(), 'gateway-soak-'))
  const world = await startWorld(folder)
  try {
    return await soak(world, { seconds: Number(values.minutes) * 60, sliceSeconds: Number(values['slice-seconds']), people: Number(values.people) })
  } finally {
    await endAll()
    await world.close()
    await rm(folder, { recursive: true, force: true })
  }
}

interface SoakOptions { readonly seconds: number, readonly sliceSeconds: number, readonly people: number }

async function soak (world: World, { seconds, sliceSeconds, people }: SoakOptions): Promise<number> {
  world.emulator.faults.set({ kind: 'expires_in', args: { value: tokenSeconds } })
  const { url: liveUrl } = await startLiveApp(world)
  const candidate = gateway({ tree: join(import.meta.dirname, '..'), label: 'soak', logLevel: 'info' })
  const { url, adminUrl = '' } = await candidate.start({ ...world, liveUrl })
  if (candidate.sessions === null) throw new Error('a gateway without sessions')
  const cookiesFile = await signUsersIn(world, candidate.sessions, url)
  const cookies = (await readFile(cookiesFile, 'utf8')).trim().split('\n')

  const full = await load({ url: `${url}/1k`, cookiesFile, connections: 32, seconds: 5, bodyBytes: bodyBytes['1k'] })
  const halfRate = full.requests / full.microseconds * 1_000_000 / 2
  const connections = Math.max(1, Math.round(halfRate * (pauseMs + 2) / 1_000))
  console.log(`full load ${Math.round(2 * halfRate)} requests/s; half of it from ${connections} connections, for ${seconds / 60} minutes`)

  const errors = createErrors()
  const ending = new AbortController()
  const deeds: Deeds = { signIns: 0, signOuts: 0, messages: 0, events: 0, reconnects: 0 }
  const scene = { world, url, errors, signal: ending.signal }
  const plays = Array.from({ length: people }, (_value, index) => [
    play(visitor, scene, deeds, `visitor-${index}`),
    play(talker, scene, deeds, cookies[index] ?? ''),
    play(listener, scene, deeds, cookies[index + people] ?? '')
  ]).flat()

  const memory: Memory[] = []
  for (let slice = 0; slice * sliceSeconds < seconds; slice++) {
    const line = await load({ url: `${url}/1k`, cookiesFile, connections, seconds: sliceSeconds, bodyBytes: bodyBytes['1k'], pauseMs })
      .then(({ requests, microseconds, p50Microseconds, p99Microseconds }) => `${Math.round(requests * 1_000_000 / microseconds)} requests/s, p50 ${(p50Microseconds / 1_000).toFixed(1)} ms, p99 ${(p99Microseconds / 1_000).toFixed(1)} ms`)
      .catch((error: Error) => { errors.add(`load: ${error.message.split('\n', 1)[0]}`); return 'failed' })
    const now = await readMemory(adminUrl)
    memory.push(now)
    console.log(`${((slice + 1) * sliceSeconds / 60).toFixed(1)} min: RSS ${mib(now.resident)} MiB, heap ${mib(now.heap)} MiB; ${line}; ${told(deeds)}, ${world.emulator.count('refresh_token')} refreshes; ${errors.total()} errors`)
  }
  ending.abort()
  await Promise.race([Promise.all(plays), new Promise((resolve) => setTimeout(resolve, 15_000))])
  return verdict(memory, errors)
}

function verdict (memory: readonly Memory[], errors: Errors): number {
  const grown = growth(memory.map(({ resident }) => resident))
  for (const line of errors.summary()) console.log(line)
  const isFlat = memory.length < 3 || grown <= toleratedGrowth
  console.log(`RSS ${grown > 0 ? '+' : ''}${(100 * grown).toFixed(1)} % from the second third to the last (tolerated ${100 * toleratedGrowth} %), ${errors.total()} unexplained errors: ${isFlat && errors.total() === 0 ? 'PASSED' : 'FAILED'}`)
  return isFlat && errors.total() === 0 ? 0 : 1
}

function told ({ signIns, signOuts, messages, events, reconnects }: Deeds): string {
  return `${signIns} sign-ins, ${signOuts} sign-outs, ${messages} WebSocket messages, ${events} events, ${reconnects} reconnects`
}

function mib (bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { endAll().catch(() => {}) })

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error)
  return 1
})
