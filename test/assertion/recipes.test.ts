import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createAssertions } from '../../src/access/assertion.ts'
import type { UserSession } from '../../src/session/user-session.ts'
import { publicUrl } from '../rig/browser.ts'
import { sessionKey, startRig } from '../rig/rig.ts'
import { forgeries } from './forged.ts'

const recipe = (file: string): string => fileURLToPath(new URL(`../../docs/recipes/verify-assertion/${file}`, import.meta.url))

/** How each recipe is run; Debian 12 has every toolchain but .NET's, and with Go 1.19 the oldest that the recipe is said to need. */
const commands: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'Node.js': [process.execPath, recipe('verify.mjs')],
  Python: ['/usr/bin/python3', recipe('verify.py')],
  PHP: ['php', recipe('verify.php')],
  Java: ['java', '-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', '/usr/share/java/gson.jar', recipe('Verify.java')],
  Go: ['go', 'run', recipe('verify.go')],
  'Go 1.19': ['/usr/lib/go-1.19/bin/go', 'run', recipe('verify.go')],
  Ruby: ['ruby', recipe('verify.rb')]
}

const rig = await startRig(t, { config: { headers: { assertion: {} } } })
const key = Buffer.from(sessionKey, 'base64')
await rig.newBrowser().signIn()
const [real = ''] = rig.upstream.valuesOf('X-User-Assertion')
const session: UserSession = {
  tokens: { accessToken: 'a', refreshToken: null, obtainedAt: 0, accessTokenExpiresAt: 0, scope: [] },
  identity: { id: '12345', username: 'user123', email: 'user@example.com', balance: null, status: null, readAt: 0, userinfo: '' },
  createdAt: 0,
  lastSeenAt: 0
}

/** Signed by us, and not for this app or not for this time. */
async function signed (how: { readonly issuer?: string, readonly audience?: string, readonly agoMs?: number, readonly id?: string, readonly key?: Buffer }): Promise<string> {
  const { of } = await createAssertions({ keys: [how.key ?? key], issuer: how.issuer ?? publicUrl, ttlMs: 300_000, now: () => Date.now() - (how.agoMs ?? 0) })
  return await of({ ...session, identity: { ...session.identity, id: how.id ?? '12345' } }, how.audience ?? 'gw.test')
}

const { jwks: { keys: [publicKey] } } = await createAssertions({ keys: [key], issuer: publicUrl, ttlMs: 60_000, now: Date.now })
const good: Readonly<Record<string, string>> = { 'the one the app was sent': real, 'another of ours': await signed({}) }
const bad: Readonly<Record<string, string>> = {
  ...forgeries(await signed({}), publicKey?.x ?? ''),
  expired: await signed({ agoMs: 400_000 }),
  'for another app': await signed({ audience: 'other.test' }),
  'for an app whose name begins alike': await signed({ audience: 'gw.test.evil' }),
  'of another gateway': await signed({ issuer: 'https://evil.test' }),
  'of a key that is no longer configured': await signed({ key: Buffer.alloc(32, 99) }),
  'without a subject': await signed({ id: '' })
}

for (const [language, [command, ...args]] of Object.entries(commands)) {
  t.test(`T-16 the ${language} recipe takes what we signed for this app, and nothing else`, async (t) => {
    const child = spawn(command, [...args, `${rig.url}/oauth2/jwks.json`, publicUrl, 'gw.test'], { env: { ...process.env, PATH: `${process.env['PATH']}:/usr/local/go/bin`, GOFLAGS: '-mod=mod', GO111MODULE: 'off', GOROOT: '' }, stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text })
    const rows = [...Object.entries(good), ...Object.entries(bad), ...Object.entries(good)]
    child.stdin.end(rows.map(([, token]) => `${token}\n`).join(''))
    const [code] = await once(child, 'close')
    t.equal(code, 0, complaint)
    const said = output.trimEnd().split('\n')
    t.equal(said.length, rows.length)
    for (const [index, [name]] of rows.entries()) t.equal(said[index], name in good ? 'ok 12345 user@example.com' : 'refused', name)
  })
}

t.test('the recipe that no test runs says so in its head', async (t) => {
  t.match((await readFile(recipe('Verify.cs'), 'utf8')).split('\n')[0], /UNTESTED/)
})

t.end() // the app and the gateway go with it
