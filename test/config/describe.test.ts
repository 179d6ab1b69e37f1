import t from 'tap'
import { parse } from 'yaml'
import { describe } from '../../src/config/describe.ts'
import { key, load } from './configured.ts'

const secrets = { clientSecret: 'Sup3rS3cretV4lue', password: 'R3d1sP4ssw0rd', url: 'redis://u:Ur1P4ssw0rd@redis' }

t.test('no secret is ever printed, wherever it was set', async (t) => {
  const over = { aihubmix: { clientSecret: secrets.clientSecret }, session: { keys: [key(1), key(2)], redis: { url: secrets.url, password: secrets.password } } }
  const text = describe(await load(t, { over }))
  for (const secret of [...Object.values(secrets), 'Ur1P4ssw0rd', key(1), key(2)]) t.notOk(text.includes(secret))
  t.match(parse(text), { aihubmix: { clientSecret: '********' }, session: { keys: ['********', '********'], redis: { url: '********', password: '********' } } })
})

t.test('a secret from the environment or a key made at start is masked too', async (t) => {
  const loaded = await load(t, { over: { aihubmix: { clientSecret: undefined } }, env: { OAUTH_CLIENT_SECRET: secrets.clientSecret } })
  const text = describe(loaded)
  t.notOk(text.includes(secrets.clientSecret))
  t.notOk(text.includes(loaded.config.session.keys[0]?.toString('base64') ?? 'no key'))
  t.match(parse(text), { aihubmix: { clientSecret: '********' }, session: { keys: ['********'] } })
})

t.test('what is printed can be read again, and means the same', async (t) => {
  const first = await load(t, { over: { session: { maxAge: '8d' }, routes: [{ upstream: 'http://a', host: '*.example.com', methods: ['get'] }] } })
  const text = describe(first).replace('"********"', 'a-secret').replace('"********"', key(1))
  const second = await load(t, { text })
  const comparable = ({ config }: typeof first) => ({ ...config, aihubmix: { ...config.aihubmix, clientSecret: '' }, session: { ...config.session, keys: [] } })
  t.same(comparable(second), comparable(first))
})

t.test('it is in the words of the file, with every default and what follows from other keys', async (t) => {
  t.match(parse(describe(await load(t, { env: { GATEWAY_LOG_LEVEL: 'debug' } }))), {
    server: { limits: { headerBytes: '32KiB', bodyBytes: 'unlimited' } },
    session: { maxAge: '30d', cookieName: '__Host-aihubmix', redis: null },
    aihubmix: { redirectUri: 'https://app.example.com/oauth2/callback', pkce: 'off' },
    routes: [{ access: 'signedIn', timeouts: { connect: '5s' } }],
    log: { level: 'debug' }
  })
})
