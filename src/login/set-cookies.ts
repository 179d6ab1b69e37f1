import { fastifyCookie } from '@fastify/cookie'
import type { FastifyReply } from 'fastify'

/** Writes our cookies, always with the same attributes: a browser deletes a cookie only under those it was set with. */
export interface SetCookies {
  set (reply: FastifyReply, name: string, value: string, maxAgeMs: number): void
  clear (reply: FastifyReply, name: string): void
}

interface SetCookiesOptions {
  /** Secure, unless the public URL is http on loopback. */
  readonly isSecure: boolean
  readonly domain: string | null
}

export function createSetCookies ({ isSecure, domain }: SetCookiesOptions): SetCookies {
  // Lax: Strict would lose the sign-in cookie on the way back from AIHubMix.
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure, ...(domain === null ? {} : { domain }) } as const
  const encode = (value: string): string => value // our values are cookie-octets already (RFC 6265 §4.1.1)

  return {
    set (reply, name, value, maxAgeMs) {
      reply.header('set-cookie', fastifyCookie.serialize(name, value, { ...attributes, encode, maxAge: Math.floor(maxAgeMs / 1000) }))
    },
    clear (reply, name) {
      reply.header('set-cookie', fastifyCookie.serialize(name, '', { ...attributes, encode, maxAge: 0, expires: new Date(0) }))
    }
  }
}
