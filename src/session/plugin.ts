import { hkdfSync } from 'node:crypto'
import secureSession from '@fastify/secure-session'
import Fastify from 'fastify'

/** What a sealed cookie holds. */
export type CookieData = Readonly<Record<string, string>>

/** Seals small records into cookie values that only this gateway can open (libsodium secretbox, by @fastify/secure-session). */
export interface CookieSeal {
  seal (data: CookieData): string
  /** Null for what is not ours, was changed, or is older than its life. Never throws. */
  open (value: string): CookieData | null
  /** The same data under the first key, when another one sealed the value; null when there is nothing to do. */
  resealed (value: string): string | null
}

export interface CookieSeals {
  /** Names a session. */
  readonly ticket: CookieSeal
  /** Holds one sign-in attempt. */
  readonly transaction: CookieSeal
  /** Carries a session to another host, in an address. */
  readonly handoff: CookieSeal
  close (): Promise<void>
}

interface CookieSealsOptions {
  /** 32 bytes each; the first seals, all open. */
  readonly keys: readonly Buffer[]
  readonly ticketMaxAgeMs: number
  readonly transactionMaxAgeMs: number
}

/**
 * The plugin lives on an instance of its own that never listens: its hooks would cost a proxied request about 3 µs, and it
 * reads one cookie of a name where a browser may send two. Each purpose has its own derived key, so a cookie of one is
 * none of the other.
 */
export async function createCookieSeals ({ keys, ticketMaxAgeMs, transactionMaxAgeMs }: CookieSealsOptions): Promise<CookieSeals> {
  const instance = Fastify()
  await instance.register(secureSession, [
    { sessionName: 'ticket', key: keys.map(derivedFor('ticket')), expiry: Math.ceil(ticketMaxAgeMs / 1000) },
    { sessionName: 'transaction', key: keys.map(derivedFor('transaction')), expiry: Math.ceil(transactionMaxAgeMs / 1000) },
    { sessionName: 'handoff', key: keys.map(derivedFor('handoff')), expiry: Math.ceil(transactionMaxAgeMs / 1000) }
  ])
  await instance.ready()

  const sealFor = (sessionName: string): CookieSeal => {
    const decoded = (value: string) => {
      const parts = value.split('.')
      if (parts.length !== 2 || !parts.every(isAsEncoded)) return null
      return instance.decodeSecureSession(parts.join(';'), undefined, sessionName)
    }
    // base64;base64 with a dot for the semicolon: then no cookie parser has to unescape it
    const seal: CookieSeal['seal'] = (data) => instance.encodeSecureSession(instance.createSecureSession({ ...data }), sessionName).replace(';', '.')
    return {
      seal,
      open: (value) => texts(decoded(value)?.data()),
      resealed (value) {
        const session = decoded(value)
        const data = session?.changed === true ? texts(session.data()) : null
        return data === null ? null : seal(data)
      }
    }
  }

  return { ticket: sealFor('ticket'), transaction: sealFor('transaction'), handoff: sealFor('handoff'), close: () => instance.close() }
}

/** Node reads many spellings of the same bytes; we wrote one. A changed cookie is none of ours, however it was changed. */
function isAsEncoded (base64: string): boolean {
  return Buffer.from(base64, 'base64').toString('base64') === base64
}

/** Only texts were sealed; whatever else was authenticated comes from another version of us. */
function texts (data: object | undefined): CookieData | null {
  if (data === undefined) return null
  return Object.fromEntries(Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function derivedFor (purpose: string): (key: Buffer) => Buffer {
  return (key) => Buffer.from(hkdfSync('sha256', key, '', `aihubmix-gateway ${purpose} v1`, 32))
}
