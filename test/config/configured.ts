import type { Test } from 'tap'
import { stringify } from 'yaml'
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts'
import { ConfigProblems, type Problem } from '../../src/config/problems.ts'
import { isTree } from '../../src/config/tree.ts'

/** Base64 of 32 bytes, different for each number. */
export const key = (number: number): string => Buffer.alloc(32, number).toString('base64')

/** A Redis section that needs nothing else but keys. */
export const redis = { url: 'redis://127.0.0.1:6379' }

/** The shortest configuration that works. */
export const minimal = {
  server: { publicUrl: 'https://app.example.com' },
  aihubmix: { clientId: 'client_1', clientSecret: 'the-client-secret' },
  routes: [{ upstream: 'http://127.0.0.1:3000' }]
}

interface Given {
  /** Sections laid over `minimal`, key by key. */
  readonly over?: object
  /** The text of the file, instead of `minimal` and `over`. */
  readonly text?: string
  readonly env?: Record<string, string>
}

/** Writes a configuration file and loads it. */
export async function load (t: Test, { over = {}, text = stringify(overlay(minimal, over)), env = {} }: Given = {}): Promise<LoadedConfig> {
  const dir = t.testdir({ 'gateway.yaml': text })
  return await loadConfig({ file: `${dir}/gateway.yaml`, env })
}

/** Loads what must be refused, and answers why it was. Places are shortened to the name of the file. */
export async function problemsOf (t: Test, given: Given): Promise<readonly Problem[]> {
  return refusal(load(t, given), t.testdirName)
}

/** Waits for a configuration to be refused, and answers why it was. */
export async function refusal (loading: Promise<unknown>, dir = ''): Promise<readonly Problem[]> {
  try {
    await loading
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error
    return error.problems.map((problem) => ({ ...problem, where: dir === '' ? problem.where : problem.where.replace(`${dir}/`, '') }))
  }
  throw new Error('the configuration was accepted')
}

/** Lays one tree over another; lists and values are replaced as a whole, undefined takes a key away. */
export function overlay (base: unknown, over: unknown): unknown {
  if (!isTree(base) || !isTree(over)) return over
  const names = new Set([...Object.keys(base), ...Object.keys(over)])
  return Object.fromEntries([...names].map((name) => [name, name in over ? overlay(base[name], over[name]) : base[name]]))
}
