import { z } from 'zod'

/** JSON Schema's own mark for what is written and never shown; `describe.ts` masks what carries it. */
const secret = { writeOnly: true } as const

const keyExpected = 'must be 32 random bytes in base64; run `aihubmix-gateway keygen`'

/** A secret text: never printed, and readable from a file through the key of the same name plus `File`. */
export const secretText = z.string().min(1, 'is empty').meta(secret)

/** A key that seals sessions: exactly 32 bytes in base64 (or base64url). */
export const sessionKey = z.string(keyExpected)
  .refine((text) => decode(text).length === 32 && isCanonical(text), keyExpected)
  .transform(decode)
  .meta(secret)

/** The path of a file that holds a secret; load.ts puts the secret in its place before validation. */
export const secretFile = z.string().min(1).optional()

function decode (text: string): Buffer {
  return Buffer.from(text, 'base64')
}

/** Buffer.from skips what is not base64, so a broken key could decode to 32 other bytes. */
function isCanonical (text: string): boolean {
  return [decode(text).toString('base64'), decode(text).toString('base64url')].includes(text)
}
