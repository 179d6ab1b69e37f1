import t from 'tap'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { emulatorFor, jsonAnswer } from './start.ts'

async function create (emulator: Emulator, fields: object, authorization = 'Bearer developer-token') {
  return jsonAnswer(await fetch(`${emulator.url}/api/oauth_apps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ name: 'My app', redirect_uri: 'https://app.example/oauth2/callback', ...fields })
  }))
}

t.test('an app can be created and then asked to sign people in', async (t) => {
  const emulator = await emulatorFor(t)
  const { body } = await create(emulator, {})
  t.equal(body['success'], true)
  t.match(await (await fetch(`${emulator.url}/console/apps`)).text(), 'https://app.example/oauth2/callback')
  t.equal(emulator.count('apps'), 1)
})

t.test('the developer token is taken with and without Bearer', async (t) => {
  const emulator = await emulatorFor(t)
  t.equal((await create(emulator, {}, 'developer-token')).body['success'], true)
})

t.test('no developer token is 401, a wrong one is 200 with success false (E-20)', async (t) => {
  const emulator = await emulatorFor(t)
  t.match(await create(emulator, {}, ''), { status: 401, body: { success: false } })
  t.match(await create(emulator, {}, 'Bearer wrong'), { status: 200, body: { success: false } })
})

t.test('an empty name and a redirect_uri that cannot be safe are refused (E-20)', async (t) => {
  const emulator = await emulatorFor(t)
  const wrong = [
    { name: ' ' },
    { redirect_uri: '' },
    { redirect_uri: 'http://app.example/callback' },
    { redirect_uri: 'https://app.example/callback#fragment' },
    { redirect_uri: 'https://user@app.example/callback' },
    { redirect_uri: 'javascript:alert(1)' }
  ]
  for (const fields of wrong) t.match(await create(emulator, fields), { status: 200, body: { success: false } }, JSON.stringify(fields))
  t.equal((await create(emulator, { redirect_uri: 'http://127.0.0.1:4180/callback' })).body['success'], true, 'http is fine on loopback')
})
