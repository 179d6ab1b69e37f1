import { setTimeout as delay } from 'node:timers/promises'
import type { Candidate } from './candidates/candidate.ts'
import { residentBytes } from './cpu.ts'
import { end } from './processes.ts'
import type { World } from './world.ts'

export interface StartUp {
  /** From starting the process to its first good answer. */
  readonly readyMs: number
  /** One second later, without a request. */
  readonly residentBytes: number
}

const restMs = 1_000

/** Starts each candidate alone, in turns. */
export async function measureStartUp (world: World, candidates: readonly Candidate[], rounds: number): Promise<ReadonlyMap<string, readonly StartUp[]>> {
  const samples = new Map<string, StartUp[]>(candidates.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const candidate of candidates) samples.get(candidate.name)?.push(await measure(world, candidate))
  }
  return samples
}

async function measure (world: World, candidate: Candidate): Promise<StartUp> {
  const startedAt = performance.now()
  const { child } = await candidate.start(world)
  const readyMs = performance.now() - startedAt
  await delay(restMs)
  const sample = { readyMs, residentBytes: residentBytes(child.pid ?? 0) }
  await end(child)
  return sample
}
