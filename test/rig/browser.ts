import { Agent, getGlobalDispatcher, request, type Dispatcher } from 'undici'

export interface BrowserAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly setCookies: readonly string[]
  readonly location: string | null
  readonly text: string
  json (): Record<string, unknown>
}

interface BrowserRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A browser's cookies and redirects without a browser: names in `origins` are reached where the test listens. */
export interface TestBrowser {
  readonly cookies: Map<string, string>
  cookieHeader (): string
  /** One request, no redirect followed; to the gateway unless the address is absolute. */
  fetch (address: string, request?: BrowserRequest): Promise<BrowserAnswer>
  /** A navigation, redirects followed. */
  open (address: string): Promise<BrowserAnswer & { readonly address: string }>
  /** Opens a protected address, signs in at AIHubMix as this user, and follows back to where the app answers. */
  signIn (username?: string, deepLink?: string): Promise<BrowserAnswer & { readonly address: string }>
  /** The same browser, its requests led to another replica. */
  via (gatewayUrl: string): TestBrowser
}

export const publicUrl = 'https://gw.test'
const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

/** HTTP/2, whoever the certificate is for. */
const overTls = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } })

/** `gatewayUrl` is where https://gw.test really listens. */
export function createBrowser (gatewayUrl: string, jars = new Map<string, Map<string, string>>()): TestBrowser {
  const dispatcher = gatewayUrl.startsWith('https:') ? overTls : getGlobalDispatcher()
  const jar = (origin: string): Map<string, string> => {
    const cookies = jars.get(origin) ?? new Map<string, string>()
    jars.set(origin, cookies)
    return cookies
  }
  const header = (origin: string): string => Array.from(jar(origin), ([name, value]) => `${name}=${value}`).join('; ')

  const browser: TestBrowser = {
    cookies: jar(publicUrl),
    cookieHeader: () => header(publicUrl),
    async fetch (address, { method = 'GET', headers = {}, body } = {}) {
      const url = new URL(address, publicUrl)
      const isGateway = url.origin === publicUrl
      const cookie = header(url.origin)
      const answer = await request(`${isGateway ? gatewayUrl : url.origin}${address.startsWith('/') ? address : url.pathname + url.search}`, {
        dispatcher: isGateway ? dispatcher : getGlobalDispatcher(),
        method: method as Dispatcher.HttpMethod,
        headers: { ...(isGateway ? { host: url.host } : {}), ...(cookie === '' ? {} : { cookie }), ...headers },
        body: body ?? null
      })
      const setCookies = [answer.headers['set-cookie'] ?? []].flat()
      for (const setCookie of setCookies) keep(jar(url.origin), setCookie)
      const text = await answer.body.text()
      return { status: answer.statusCode, headers: answer.headers, setCookies, location: [answer.headers['location'] ?? null].flat()[0] ?? null, text, json: () => JSON.parse(text) }
    },
    async open (address) {
      let current = new URL(address, publicUrl).href
      for (let hops = 0; hops < 20; hops++) {
        const answer = await browser.fetch(current, { headers: navigation })
        if (answer.location === null) return { ...answer, address: current }
        current = new URL(answer.location, current).href
      }
      throw new Error(`redirect loop at ${current}`)
    },
    async signIn (username = 'user123', deepLink = '/') {
      const loginPage = await browser.open(deepLink)
      const next = new URL(loginPage.address)
      if (next.origin === publicUrl) return loginPage // AIHubMix still knew this browser
      const form = new URLSearchParams({ username, next: nextOf(loginPage, next) })
      const answer = await browser.fetch(`${next.origin}/login`, { method: 'POST', body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: next.origin } })
      if (answer.location === null) throw new Error(`AIHubMix did not sign in ${username}: ${answer.status} ${answer.text.slice(0, 200)}`)
      return await browser.open(new URL(answer.location, next).href)
    },
    via: (other) => createBrowser(other, jars)
  }
  return browser
}

/** Where the emulator's login form leads on, as its hidden field says. */
function nextOf (page: BrowserAnswer, url: URL): string {
  const value = /name="next"[^>]*value="([^"]*)"/.exec(page.text)?.[1]
  return value === undefined ? url.pathname + url.search : value.replace(/&(amp|#38);/g, '&')
}

function keep (jar: Map<string, string>, setCookie: string): void {
  const [pair = ''] = setCookie.split(';')
  const at = pair.indexOf('=')
  if (/;\s*max-age=0/i.test(setCookie)) jar.delete(pair.slice(0, at))
  else jar.set(pair.slice(0, at), pair.slice(at + 1))
}
