import { fastifyCookie } from '@fastify/cookie'
import type { FastifyReply } from 'fastify'

/** Writes our cookies, always with the same attributes: a browser deletes a cookie only under those it was set with. */
export interface SetCookies {
  set (reply: FastifyReply, name: string, value: string, maxAgeMs: number): void
  /** The same as text, of an answer on this host that is not written by Fastify. */
  text (hostName: string, name: string, value: string, maxAgeMs: number): string
  clear (reply: FastifyReply, name: string): void
}

interface SetCookiesOptions {
  /** Secure, unless the public URL is http on loopback. */
  readonly isSecure: boolean
  readonly domain: string | null
}

export function createSetCookies ({ isSecure, domain }: SetCookiesOptions): SetCookies {
  // Lax: Strict would lose the sign-in cookie on the way back from AIHubMix.
  const common = { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure } as const
  const shared = domain === null ? common : { ...common, domain }
  // A browser drops a cookie for a domain that the host is not in: on such a host it is the host's own.
  const attributesFor = (hostName: string): typeof shared => hostName === domain || hostName.endsWith(`.${domain}`) ? shared : common
  const encode = (value: string): string => value // our values are cookie-octets already (RFC 6265 §4.1.1)

  const text: SetCookies['text'] = (hostName, name, value, maxAgeMs) => fastifyCookie.serialize(name, value, { ...attributesFor(hostName), encode, maxAge: Math.floor(maxAgeMs / 1000) })

  return {
    text,
    set (reply, name, value, maxAgeMs) { reply.header('set-cookie', text(reply.request.hostName, name, value, maxAgeMs)) },
    clear (reply, name) {
      reply.header('set-cookie', fastifyCookie.serialize(name, '', { ...attributesFor(reply.request.hostName), encode, maxAge: 0, expires: new Date(0) }))
    }
  }
}
