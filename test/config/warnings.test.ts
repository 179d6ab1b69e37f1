import t from 'tap'
import { key, load } from './configured.ts'

const calm = { session: { keys: [key(1)], redis: { url: 'rediss://a' } } }
const warningsFor = async (test: Parameters<typeof load>[0], over: object) => (await load(test, { over: { ...calm, ...over } })).warnings

t.test('a safe configuration warns of nothing', async (t) => t.same(await warningsFor(t, {}), []))

for (const network of ['0.0.0.0/0', '::/0']) {
  t.test(`believing X-Forwarded-* from ${network} is warned of`, async (t) => {
    t.match(await warningsFor(t, { server: { trustedProxies: ['10.0.0.0/8', network] } }), [new RegExp(`trustedProxies holds ${network}.*anyone`)])
  })
}

t.test('a certificate that is not verified is warned of', async (t) => {
  t.match(await warningsFor(t, { routes: [{ upstream: 'https://a', tls: { verify: false } }] }), [/routes\[0\]\.tls\.verify is false/])
  t.match(await warningsFor(t, { session: { keys: [key(1)], redis: { url: 'rediss://a', tls: { verify: false } } } }), [/session\.redis\.tls\.verify is false/])
})

t.test('the memory store is warned of', async (t) => t.match(await warningsFor(t, { session: {} }), [/memory of this process/]))
t.test('trusted e-mail addresses are warned of', async (t) => t.match(await warningsFor(t, { identity: { trustEmails: true } }), [/trustEmails/]))
t.test('handing out the access token is warned of', async (t) => t.match(await warningsFor(t, { headers: { set: { 'X-Token': 'accessToken' } } }), [/X-Token/]))

t.test('what the examples hold until it is filled in is warned of', async (t) => {
  t.match(await warningsFor(t, { aihubmix: { clientId: 'client_replace_me', clientSecret: 'replace-me' } }), [/aihubmix\.clientId is still the example's/, /aihubmix\.clientSecret is still/])
})

t.test('a wildcard host on which nobody can stay signed in is warned of, and one below cookieDomain is not', async (t) => {
  const routes = [{ upstream: 'http://a' }, { upstream: 'http://a', host: '*.example.com' }]
  t.match(await warningsFor(t, { routes }), [/routes\[1\]\.host is \*\.example\.com.*cookieDomain/])
  t.same(await warningsFor(t, { routes, session: { ...calm.session, cookieDomain: 'example.com' } }), [])
  t.same(await warningsFor(t, { routes: [{ upstream: 'http://a', host: '*.example.com', access: 'anyone' }, { upstream: 'http://a', host: 'other.example' }] }), [])
})
