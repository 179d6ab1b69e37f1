import t from 'tap'
import { startForPrograms, tokenFor } from '../bearer/programs.ts'
import { cookieLine } from '../security/attack.ts'
import { ask, askAs, everyShape, headerOf, passes, startForwardAuth, type Shape } from './ask.ts'

const toRemove = (shape: Shape, names: string): string | null => shape === 'Envoy' ? names : null
const rig = await startForwardAuth(t, { config: { routes: [{ path: '/' }, { path: '/public', access: 'anyone' }, { path: '/admin', access: 'nobody' }, { path: '/rich', minBalance: '1000' }] } })
const ticket = (await cookieLine(rig)).slice('Cookie: '.length)
const ours = `${ticket}; __Host-aihubmix-login-abc=1; __Host-aihubmix-signed-out=1`

/** What a client sends, and what of it the app may see; null for nothing. */
const cookies: readonly (readonly [string, string | null])[] = [
  [ticket, null],
  [ours, null],
  [`${ours};`, null],
  [`${ticket}; a=1`, 'a=1'],
  [`a=1; ${ours}; b="2; c=%20,x=y"`, 'a=1; b="2; c=%20,x=y"'],
  [`a=1;${ticket};b=2`, 'a=1;b=2'],
  [`a=\xe9\xff; ${ticket}`, 'a=\xe9\xff'],
  [`${ticket}; novalue; =noname; a==b; {http.request.host}=$1`, 'novalue; =noname; a==b; {http.request.host}=$1'],
  [`other__Host-aihubmix=1; ${ticket}`, 'other__Host-aihubmix=1']
]

for (const shape of everyShape) {
  t.test(`T-102 ${shape} is told the client's Cookie without ours, every other byte as sent; and to remove it where nothing is left`, async (t) => {
    for (const [sent, left] of cookies) {
      const answer = await askAs(rig, shape, { uri: '/a' }, [`Cookie: ${sent}`])
      t.equal(answer.status, passes(shape), sent)
      t.equal(headerOf(answer, 'cookie'), left, sent)
      t.equal(headerOf(answer, 'x-envoy-auth-headers-to-remove'), left === null ? toRemove(shape, 'cookie') : null, sent)
    }
    for (const uri of ['/public/a', '/a']) {
      const answer = await askAs(rig, shape, { uri }, ['Cookie: theme=dark', `Cookie: ${ticket}`])
      t.equal(headerOf(answer, 'cookie'), 'theme=dark', `two headers are one, ${uri}`)
    }
    const nobody = await askAs(rig, shape, { uri: '/public/a' })
    t.strictSame([headerOf(nobody, 'cookie'), headerOf(nobody, 'authorization'), headerOf(nobody, 'x-envoy-auth-headers-to-remove')], [null, null, null], 'nothing sent, nothing said')
  })

  t.test(`${shape} is told nothing of a client's credentials when the answer is no`, async (t) => {
    const sent = ['Cookie: app=secret', 'Authorization: Basic dTpw']
    for (const [uri, lines, status] of [['/a', [], 401], ['/admin', [ticket], 403], ['/rich', [ticket], 402], ['/a', ['Accept: text/html', 'Sec-Fetch-Mode: navigate'], null], ['/a%', [ticket], 400]] as const) {
      const answer = await askAs(rig, shape, { uri }, [...sent, ...lines.map((line) => line === ticket ? `Cookie: ${line}` : line)])
      t.equal(answer.status, status ?? (/nginx/.test(shape) ? 401 : 302), uri)
      t.notMatch(answer.text, /app=secret|Basic dTpw/)
    }
  })

  t.test(`${shape} is told the client's Authorization, but not an access token that opened a route for programs`, async (t) => {
    const programs = await startForPrograms(t, { config: { routes: [{ path: '/api', bearer: true }, { path: '/public', access: 'anyone' }] } })
    const token = await tokenFor(programs)
    const byToken = await askAs(programs, shape, { uri: '/api/a' }, [`Authorization: Bearer ${token}`, 'Cookie: a=1'])
    t.equal(byToken.status, passes(shape))
    t.strictSame([headerOf(byToken, 'authorization'), headerOf(byToken, 'cookie'), headerOf(byToken, 'x-envoy-auth-headers-to-remove')], [null, 'a=1', toRemove(shape, 'authorization')])
    t.notOk(byToken.text.includes(token))
    for (const authorization of ['Basic dTpw', `Bearer ${token}`]) {
      t.equal(headerOf(await askAs(programs, shape, { uri: '/public/a' }, [`Authorization: ${authorization}`]), 'authorization'), authorization, 'the app\'s own affair')
    }
  })
}

t.test('a question that asks what to show after a refusal is told nothing of credentials either', async (t) => {
  const answer = await ask(rig, ['X-Forwarded-Method: GET', 'X-Forwarded-Host: gw.test', 'X-Forwarded-Uri: /a', `Cookie: app=secret; ${ticket}`], { target: '/oauth2/auth?login=redirect&refused=1' })
  t.equal(answer.status, 503)
  t.notMatch(answer.text, /app=secret/)
})

t.end() // the gateway goes with it
