import { setTimeout as delay } from 'node:timers/promises'
import type { Emulator, Fault } from '../../src/emulator/emulator.ts'
import type { SentinelRig } from '../../test/rig/redis-shapes.ts'
import type { Replica } from './chaos-sites.ts'

/** The same numbers for the same seed: mulberry32. */
export function seededRandom (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface FaultsOptions {
  readonly random: () => number
  readonly redis: SentinelRig
  readonly emulator: Emulator
  readonly replicas: readonly Replica[]
  readonly note: (what: string) => void
}

/** What is always so: access tokens live 20 s, refresh tokens rotate, and one that comes twice ends its grant. */
export const always: readonly Fault[] = [
  { kind: 'rotation', args: { mode: 'on_with_reuse_detection' } },
  { kind: 'expires_in', args: { value: 20 } }
]

const between = (random: () => number, least: number, most: number): number => Math.round(least + random() * (most - least))

/** Breaks one thing after the other until `isOver`, and leaves everything whole. */
export function breakThings ({ random, redis, emulator, replicas, note }: FaultsOptions, isOver: () => boolean): Promise<unknown> {
  const pick = <One>(list: readonly One[]): One => list[Math.floor(random() * list.length)] as One

  async function ofRedis (): Promise<void> {
    while (!isOver()) {
      await delay(between(random, 4_000, 12_000))
      if (isOver() || !await redis.isWhole()) continue
      await pick([pause, pauseAll, failover, killMaster])()
    }
  }
  async function pause (): Promise<void> {
    const master = await redis.master()
    const ms = between(random, 200, 4_000)
    note(`redis: master paused for ${ms} ms`)
    master.process.kill('SIGSTOP')
    await delay(ms)
    master.process.kill('SIGCONT')
  }
  async function pauseAll (): Promise<void> {
    const ms = between(random, 500, 6_000)
    note(`redis: all nodes paused for ${ms} ms`)
    for (const { process } of redis.nodes) process.kill('SIGSTOP')
    await delay(ms)
    for (const { process } of redis.nodes) process.kill('SIGCONT')
  }
  async function failover (): Promise<void> {
    note('redis: failover')
    await redis.failover()
  }
  async function killMaster (): Promise<void> {
    const master = await redis.master()
    const ms = between(random, 1_500, 6_000)
    note(`redis: master killed, back after ${ms} ms`)
    master.process.kill('SIGKILL')
    await delay(ms)
    await redis.revive(master)
  }

  async function ofReplicas (): Promise<void> {
    while (!isOver()) {
      await delay(between(random, 3_000, 10_000))
      const up = replicas.filter((replica) => replica.isUp())
      if (isOver() || up.length < 2) continue
      const replica = pick(up)
      const ms = between(random, 100, 3_000)
      note(`replica ${replicas.indexOf(replica)}: SIGKILL, back after ${ms} ms`)
      await replica.kill()
      await delay(ms)
      await replica.start()
    }
  }

  async function ofProvider (): Promise<void> {
    const faults: readonly Omit<Fault, 'lasts'>[] = [
      { kind: 'slow', args: { headers_ms: 1_000 } },
      { kind: 'slow', endpoint: 'token', args: { headers_ms: 3_000 } },
      { kind: 'slow', endpoint: 'refresh_token', args: { headers_ms: 7_000 } },
      { kind: 'status', args: { code: 503 } },
      { kind: 'status', endpoint: 'refresh_token', args: { code: 500, body: 'html' }, probability: 0.5 },
      { kind: 'status', endpoint: 'userinfo', args: { code: 429, body: 'empty' } },
      { kind: 'reset_connection' },
      { kind: 'hang', endpoint: 'userinfo' },
      { kind: 'reset_connection', endpoint: 'refresh_token', args: { when: 'after_processing' }, probability: 0.05 }
    ]
    while (!isOver()) {
      await delay(between(random, 3_000, 9_000))
      if (isOver()) return
      const fault = pick(faults)
      const ms = between(random, 1_000, 8_000)
      note(`provider: ${fault.kind} ${fault.endpoint ?? ''} ${JSON.stringify(fault.args ?? {})} for ${ms} ms`)
      emulator.faults.set({ ...fault, lasts: ms })
      await delay(ms)
    }
  }

  return Promise.all([ofRedis(), ofReplicas(), ofProvider()])
}
