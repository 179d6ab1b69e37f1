import t from 'tap'
import { emulatorFor, signedIn, userinfo } from './start.ts'

const post = (url: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>>) =>
  fetch(`${url}/status`, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams(form) })

t.test('the status page shows faults, clock, counters and the last requests, and nothing secret, in three languages', async (t) => {
  const emulator = await emulatorFor(t)
  const { accessToken, refreshToken } = await signedIn(emulator)
  await userinfo(emulator, { accessToken })
  emulator.faults.set({ kind: 'status', endpoint: 'userinfo', args: { code: 503 }, count: 2 })
  for (const [lang, title] of [['en', 'Status of the emulator'], ['zh-TW', '模擬器狀態'], ['zh-CN', '模拟器状态']] as const) {
    const response = await fetch(`${emulator.url}/status`, { headers: { 'accept-language': lang } })
    const text = await response.text()
    t.match(text, title)
    t.match(text, '<code>status</code> @ <code>userinfo</code>')
    t.match(text, 'data-count="userinfo">1<')
    t.match(text, 'GET /api/oauth2/userinfo')
    t.match(text, new Date(emulator.clock.now()).toISOString())
    for (const secret of [accessToken, refreshToken, emulator.controlToken, 'secret_test', 'developer-token']) t.notMatch(text, secret)
  }
  t.equal(emulator.requests.length, 2, 'looking is not counted')
})

t.test('a preset is loaded and the clock moved from the page; a page of another site moves nothing', async (t) => {
  const emulator = await emulatorFor(t)
  const before = emulator.clock.now()
  const own = { 'sec-fetch-site': 'same-origin' }
  t.equal((await post(emulator.url, { do: 'load', preset: 'rotation-reuse' }, own)).status, 303)
  t.match(emulator.faults.all(), [{ kind: 'rotation' }])
  await post(emulator.url, { advance: '2h' }, { origin: emulator.url })
  t.equal(emulator.clock.now(), before + 7_200_000)
  for (const headers of [{}, { origin: 'https://evil.test' }, { 'sec-fetch-site': 'cross-site' }]) t.equal((await post(emulator.url, { do: 'clear' }, headers)).status, 403)
  t.equal(emulator.faults.all().length, 1)
  t.equal((await post(emulator.url, { do: 'load', preset: 'chaos' }, own)).status, 400)
  await post(emulator.url, { do: 'clear' }, own)
  t.same(emulator.faults.all(), [])
})
