import t from 'tap'
import { callsOf, clientWithFake, failureOf, tokens } from './fake.ts'

t.test('a top-up link is https and on a host of ours (V-38, T-139)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const url of ['https://aihubmix.com/topup?token=a%20b', 'https://console.inferera.com/topup?x=1#y', 'https://api.aihubmix.com/', 'https://AIHUBMIX.com:443/x', 'https://api.aihubmix.com:8443/x']) {
    for (const body of [{ topup_url: url }, { success: true, data: { topup_url: url } }]) {
      fake.answerWith(body)
      t.equal(await client.topupUrl(tokens), new URL(url).href)
    }
  }
})

t.test('any other link is refused (V-38, T-139)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  const links = ['', 'javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', 'http://aihubmix.com/', '//aihubmix.com/', '/topup', 'topup', 'https://evil.test/', 'http://evil', '//evil', 'https://evilaihubmix.com/', 'https://aihubmix.com.evil.test/', 'https://aihubmix.com@evil.test/', 'https://user@aihubmix.com/', 'https://u:p@aihubmix.com/', 'https://evil.test/#.aihubmix.com', 'https://evil.test\\.aihubmix.com/', 'https://evil.test%2f.aihubmix.com/', 'https://aihubmix.com%00.evil.test/', 'https://aihubmix。com.evil.test', 'ftp://aihubmix.com/', 'blob:https://aihubmix.com/x', `https://aihubmix.com/${'x'.repeat(10_240)}`, 'https://', ' ', null, 7, {}, ['https://aihubmix.com/']]
  for (const link of links) {
    fake.answerWith({ topup_url: link })
    t.match(await failureOf(t, callsOf(client).topupUrl), { code: 'topup_unavailable' }, JSON.stringify(link)?.slice(0, 60))
  }
})

t.test('the link is not looked for under other names (V-38)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const body of [{ url: 'https://aihubmix.com/' }, { data: 'https://aihubmix.com/' }, { success: true, data: 'https://aihubmix.com/' }, {}]) {
    fake.answerWith(body)
    t.match(await failureOf(t, callsOf(client).topupUrl), { code: 'topup_unavailable' }, JSON.stringify(body))
  }
})

t.test('what a browser is sent to is what was judged: one spelling, that fits into a header', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const [sent, url] of [['https:aihubmix.com/x', 'https://aihubmix.com/x'], ['https:\\\\aihubmix.com\\x', 'https://aihubmix.com/x'], [' https://aihubmix.com/x\n', 'https://aihubmix.com/x'], ['https://aihub\tmix.com/x', 'https://aihubmix.com/x'], ['https://aihubmix.com/充值?x=é', 'https://aihubmix.com/%E5%85%85%E5%80%BC?x=%C3%A9'], ['https://aihubmix.com/\r\nX:y', 'https://aihubmix.com/X:y']] as const) {
    fake.answerWith({ topup_url: sent })
    t.equal(await client.topupUrl(tokens), url)
  }
})

t.test('no top-up at AIHubMix (404) is said as such, a refused token as such, an outage as such (V-33)', async (t) => {
  const { client, fake } = await clientWithFake(t)
  for (const [status, expected] of [[404, { code: 'topup_unavailable' }], [401, { name: 'InvalidAccessToken' }], [403, { code: 'provider_refused' }], [500, { name: 'AuthorizationServerUnavailable' }]] as const) {
    fake.answerWith('', status)
    t.match(await failureOf(t, callsOf(client).topupUrl), expected, String(status))
  }
})

t.test('hosts are those of the configuration and their sub-domains, and AIHubMix itself as configured', async (t) => {
  const { client, fake } = await clientWithFake(t, { aihubmix: { topupHosts: ['pay.test'], browserUrl: 'http://127.0.0.1:4190' } })
  for (const link of ['https://pay.test/', 'https://a.pay.test/', 'http://127.0.0.1:4190/topup']) {
    fake.answerWith({ topup_url: link })
    t.equal(await client.topupUrl(tokens), link)
  }
  for (const link of ['https://aihubmix.com/', 'https://xpay.test/', 'http://127.0.0.1:4191/topup', 'http://pay.test/']) {
    fake.answerWith({ topup_url: link })
    t.match(await failureOf(t, callsOf(client).topupUrl), { code: 'topup_unavailable' }, link)
  }
})
