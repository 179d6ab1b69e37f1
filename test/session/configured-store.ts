import type { Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { openStore } from '../../src/session/open-store.ts'
import type { SessionStore } from '../../src/session/store.ts'

/** A store as the program opens it from a configuration; closed with the test. What it says in the log goes to `lines`. */
export async function storeOf (t: Test, redis: Readonly<Record<string, unknown>>, lines: string[] = []): Promise<SessionStore> {
  const env = {
    GATEWAY_SERVER_PUBLIC_URL: 'https://gw.test',
    GATEWAY_AIHUBMIX_CLIENT_ID: 'c',
    GATEWAY_AIHUBMIX_CLIENT_SECRET: 's',
    GATEWAY_UPSTREAM: 'http://127.0.0.1:1',
    GATEWAY_SESSION_KEYS: Buffer.alloc(32, 7).toString('base64')
  }
  const { config } = await loadConfig({ file: await fileWith(t, { session: { redis } }), env })
  const tell = (details: object, words: string): void => { lines.push(`${words} ${'err' in details ? String(details.err) : ''}`) }
  const store = openStore(config, { info: tell, warn: tell, error: tell })
  t.after(() => store.close())
  return store
}

async function fileWith (t: Test, config: object): Promise<string> {
  return `${t.testdir({ 'config.yaml': JSON.stringify(config) })}/config.yaml`
}
