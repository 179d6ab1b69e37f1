import { sendRaw, type RawAnswer } from '../rig/raw.ts'
import { startRig, type Rig, type RigOptions } from '../rig/rig.ts'
import { publicUrl } from '../rig/browser.ts'

interface Teardown { after (undo: () => unknown): void }

/** A gateway that forwards nothing and trusts the proxy that asks. */
export async function startForwardAuth (t: Teardown, { config = {}, ...options }: RigOptions = {}): Promise<Rig> {
  return await startRig(t, {
    ...options,
    config: {
      server: { publicUrl, trustedProxies: ['127.0.0.1'] },
      routes: [
        { path: '/' },
        { path: '/public', access: 'anyone' },
        { path: '/admin', access: 'nobody' },
        { path: '/m', access: 'anyone', methods: ['GET'] }
      ],
      ...config
    }
  })
}

/** Asks /oauth2/auth over a plain socket with exactly these header lines besides Host. */
export async function ask (rig: Rig, lines: readonly string[], { target = '/oauth2/auth', method = 'GET', host = 'gateway.internal', body = '' } = {}): Promise<RawAnswer> {
  return await sendRaw(rig.port, [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, 'Connection: close', '', body].join('\r\n'))
}

interface Asked { readonly uri: string, readonly method?: string, readonly host?: string }

/** What the recipe of each proxy makes of a request: as documented, so that a change of ours that breaks one is seen here. */
export const shapes = {
  nginx: ({ uri, method = 'GET', host = 'gw.test' }: Asked) => ({ target: '/oauth2/auth', method: 'GET', host: 'gateway.internal', lines: [`X-Original-URI: ${uri}`, `X-Original-Method: ${method}`, `X-Forwarded-Host: ${host}`] }),
  'ingress-nginx': ({ uri, method = 'GET', host = 'gw.test' }: Asked) => ({ target: '/oauth2/auth', method: 'GET', host: 'gateway.internal', lines: [`X-Original-URL: https://${host}${uri}`, `X-Original-Method: ${method}`, 'X-Sent-From: nginx-ingress-controller', `X-Auth-Request-Redirect: ${uri}`] }),
  Traefik: ({ uri, method = 'GET', host = 'gw.test' }: Asked) => ({ target: '/oauth2/auth?login=redirect', method: 'GET', host: 'gateway.internal', lines: [`X-Forwarded-Method: ${method}`, 'X-Forwarded-Proto: https', `X-Forwarded-Host: ${host}`, `X-Forwarded-Uri: ${uri}`, 'X-Forwarded-For: 10.0.0.9'] }),
  Caddy: ({ uri, method = 'GET', host = 'gw.test' }: Asked) => ({ target: '/oauth2/auth?login=redirect', method: 'GET', host, lines: ['X-Forwarded-For: 10.0.0.9', 'X-Forwarded-Proto: https', `X-Forwarded-Host: ${host}`, `X-Forwarded-Method: ${method}`, `X-Forwarded-Uri: ${uri}`] }),
  HAProxy: ({ uri, method = 'GET', host = 'gw.test' }: Asked) => ({ target: '/oauth2/auth?login=redirect', method: 'GET', host, lines: [`x-forwarded-method: ${method}`, `x-forwarded-host: ${host}`, `x-forwarded-uri: ${uri}`] }),
  Envoy: ({ uri, method = 'GET', host = 'gw.test' }: Asked) => ({ target: `/oauth2/auth${uri}`, method, host, lines: ['Content-Length: 0', 'X-Envoy-Internal: true', 'X-Forwarded-For: 10.0.0.9'] })
} as const

export type Shape = keyof typeof shapes
export const everyShape = Object.keys(shapes) as Shape[]

/** What lets a request pass: Envoy takes 200 for a yes and every other status for a refusal. */
export const passes = (shape: Shape): number => shape === 'Envoy' ? 200 : 202

/** Asks as this proxy would. */
export async function askAs (rig: Rig, shape: Shape, asked: Asked, lines: readonly string[] = []): Promise<RawAnswer> {
  const { lines: own, ...how } = shapes[shape](asked)
  return await ask(rig, [...own, ...lines], how)
}

/** The value of a header of an answer; null when it has none. */
export function headerOf ({ text }: RawAnswer, name: string): string | null {
  const head = text.slice(0, text.indexOf('\r\n\r\n'))
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? null
}
