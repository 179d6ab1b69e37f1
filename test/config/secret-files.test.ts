import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { key, load, problemsOf, redis, refusal } from './configured.ts'

const fromFile = { aihubmix: { clientSecret: undefined } }

t.test('a secret is read from the file that its …File key names, in the file and in the environment', async (t) => {
  const dir = t.testdir({ secret: 'from a file' })
  const viaEnvironment = await loadConfig({ env: { GATEWAY_SERVER_PUBLIC_URL: 'https://a.example', OAUTH_CLIENT_ID: 'a', GATEWAY_UPSTREAM: 'http://a', GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE: `${dir}/secret` } })
  t.equal(viaEnvironment.config.aihubmix.clientSecret, 'from a file')
  t.notOk('clientSecretFile' in viaEnvironment.config.aihubmix, 'the name of the file is not handed on')
  t.test('in the file', async (t) => {
    const { config } = await load(t, { over: { aihubmix: { ...fromFile.aihubmix, clientSecretFile: `${dir}/secret` } } })
    t.equal(config.aihubmix.clientSecret, 'from a file')
  })
})

for (const [content, secret] of [['s\n', 's'], ['s\r\n', 's'], ['s\n\n', 's\n'], [' s ', ' s ']] as const) {
  t.test(`${JSON.stringify(content)} holds the secret ${JSON.stringify(secret)}: one line break at the end is no part of it`, async (t) => {
    const env = { GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE: await secretFile(t, content) }
    t.equal((await load(t, { over: fromFile, env })).config.aihubmix.clientSecret, secret)
  })
}

t.test('keysFile holds one key a line', async (t) => {
  const env = { GATEWAY_SESSION_KEYS_FILE: await secretFile(t, `${key(1)}\n${key(2)}\r\n\n`) }
  t.same((await load(t, { env })).config.session.keys, [Buffer.alloc(32, 1), Buffer.alloc(32, 2)])
})

t.test('the URL and the password of Redis are read from files', async (t) => {
  const env = { GATEWAY_SESSION_REDIS_PASSWORD_FILE: await secretFile(t, 'pw\n'), GATEWAY_SESSION_REDIS_URL_FILE: await secretFile(t, 'redis://r\n'), GATEWAY_SESSION_KEYS: key(1) }
  t.match((await load(t, { env })).config.session.redis, { url: 'redis://r', password: 'pw' })
})

t.test('a secret and its file at once are refused, wherever they are set', async (t) => {
  const env = { GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE: await secretFile(t, 'x') }
  t.match(await problemsOf(t, { env }), [{ path: 'aihubmix.clientSecretFile', where: 'GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE', message: /gateway\.yaml:/ }])
  t.match(await problemsOf(t, { over: { session: { redis: { ...redis, urlFile: '/nowhere' }, keys: [key(1)] } } }), [{ path: 'session.redis.urlFile' }])
})

t.test('a file that cannot be read is one problem, not a missing secret as well', async (t) => {
  const env = { GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE: '/nowhere/secret' }
  t.match(await problemsOf(t, { over: fromFile, env }), [{ path: 'aihubmix.clientSecretFile', message: /ENOENT/ }])
})

t.test('an empty file is no secret', async (t) => {
  const env = { GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE: await secretFile(t, '\n') }
  t.match(await problemsOf(t, { over: fromFile, env }), [{ path: 'aihubmix.clientSecret', message: 'is empty', where: 'GATEWAY_AIHUBMIX_CLIENT_SECRET_FILE' }])
})

t.test('a broken key in a file is refused without being quoted', async (t) => {
  const problems = await refusal(load(t, { env: { GATEWAY_SESSION_KEYS_FILE: await secretFile(t, 'Sup3rS3cretV4lue') } }))
  t.match(problems, [{ path: 'session.keys[0]', message: /keygen/ }])
  t.notMatch(JSON.stringify(problems), 'Sup3rS3cretV4lue')
})

let files = 0

/** Writes a secret beside the fixture of the test, which `load` replaces. */
async function secretFile (t: { readonly testdirName: string, teardown (fn: () => unknown): void }, content: string): Promise<string> {
  const { mkdtemp, rm, writeFile } = await import('node:fs/promises')
  const dir = await mkdtemp('/tmp/gateway-secret-')
  t.teardown(async () => await rm(dir, { recursive: true }))
  await writeFile(`${dir}/${++files}`, content)
  return `${dir}/${files}`
}
