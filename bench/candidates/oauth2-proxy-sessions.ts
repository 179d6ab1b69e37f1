import { createHmac, randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'

interface Place {
  readonly redisUrl: string
  readonly cookieName: string
  readonly cookieSecret: string
}

const atATime = 1_000

/**
 * Copies one session under as many new ids and answers their cookie values. What a request costs oauth2-proxy does not depend on
 * whose session it is: it checks the signature, reads the id's value from Redis and opens it with the ticket's secret, each time.
 * Throws when this version of it writes its cookies in another way.
 */
export async function copyOauth2ProxySession ({ redisUrl, cookieName, cookieSecret }: Place, count: number, known: string): Promise<readonly string[]> {
  const [value = '', time = '', signature] = known.split('|')
  const signed = (encoded: string): string => base64Url(createHmac('sha256', cookieSecret).update(cookieName + encoded + time).digest())
  const [version, id = '', secret] = Buffer.from(value, 'base64url').toString().split('.')
  if (signed(value) !== signature || version !== 'v2') throw new Error('oauth2-proxy writes its cookies in another way: its sessions cannot be copied')

  const redis = new Redis(redisUrl)
  const key = Buffer.from(id, 'base64url').toString()
  const [session, lifeMs] = [await redis.getBuffer(key), await redis.pttl(key)]
  if (session === null || lifeMs <= 0) throw new Error(`oauth2-proxy keeps its sessions elsewhere: no ${key} in Redis`)
  const cookies: string[] = []
  while (cookies.length < count) {
    const writing = redis.pipeline()
    for (let index = 0; index < atATime && cookies.length < count; index++) {
      const copy = `${cookieName}-${randomBytes(16).toString('hex')}`
      writing.set(copy, session, 'PX', lifeMs)
      const encoded = base64Url(Buffer.from(`v2.${Buffer.from(copy).toString('base64url')}.${secret}`))
      cookies.push(`${encoded}|${time}|${signed(encoded)}`)
    }
    await writing.exec()
  }
  redis.disconnect()
  return cookies
}

/** With its padding, unlike Node's own. */
function base64Url (bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
