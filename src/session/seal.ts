import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'
import { revisionBytes, type SessionId } from './store.ts'
import type { UserSession } from './user-session.ts'

const cipher = 'aes-256-gcm'
const tagBytes = 16

/**
 * Seals a session with its ticket's key (AES-256-GCM). The fresh nonce stands first and is the revision of the store's contract;
 * the id is authenticated too, so a value copied under another id does not open.
 */
export function seal (session: UserSession, key: KeyObject, id: SessionId): Buffer {
  const nonce = randomBytes(revisionBytes)
  const sealing = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(id))
  const text = sealing.update(JSON.stringify(session), 'utf8')
  return Buffer.concat([nonce, text, sealing.final(), sealing.getAuthTag()])
}

/** Opens what `seal` made. Resolves to null when the key or the id is another one, or a byte was changed. */
export function unseal (value: Buffer, key: KeyObject, id: SessionId): UserSession | null {
  if (value.length < revisionBytes + tagBytes) return null
  const opening = createDecipheriv(cipher, key, value.subarray(0, revisionBytes))
    .setAAD(Buffer.from(id))
    .setAuthTag(value.subarray(-tagBytes))
  try {
    const text = opening.update(value.subarray(revisionBytes, -tagBytes), undefined, 'utf8') + opening.final('utf8')
    return JSON.parse(text) // authenticated: only this gateway wrote it
  } catch {
    return null
  }
}
