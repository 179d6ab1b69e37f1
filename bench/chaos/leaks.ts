import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'

/** Finds anything of these in what is read piece by piece, also where a piece ends within one. */
export function createLeakSearch (secrets: Iterable<string>) {
  const longest = 64
  // By their first letters in one expression: thousands are looked for at once.
  const prefixes = new Map<string, string>()
  for (const secret of secrets) prefixes.set(secret.slice(-longest), secret)
  const found = new Set<string>()
  const shapes = /refresh_[0-9a-f]{48}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}/g
  const others = [...prefixes.keys()].filter((secret) => !/^refresh_|^eyJ/.test(prefixes.get(secret) ?? ''))

  return {
    look (text: string): void {
      for (const [match] of text.matchAll(shapes)) found.add(match)
      for (const other of others) if (text.includes(other)) found.add(other)
    },
    found: (): readonly string[] => [...found]
  }
}

export type LeakSearch = ReturnType<typeof createLeakSearch>

export async function lookInFile (search: LeakSearch, file: string): Promise<number> {
  let bytes = 0
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'latin1', highWaterMark: 1024 * 1024 })) {
    bytes += chunk.length
    search.look(rest + chunk)
    rest = chunk.slice(-2_000)
  }
  return bytes
}

/** Every key and every value of this server. */
export async function lookInRedis (search: LeakSearch, redis: Redis): Promise<number> {
  let keys = 0
  let cursor = '0'
  do {
    const [next, names] = await redis.scan(cursor, 'COUNT', 500)
    for (const name of names) {
      keys++
      search.look(String(name))
      const dump = await redis.dumpBuffer(name)
      if (dump !== null) search.look(dump.toString('latin1'))
      if (await redis.type(name) === 'hash') search.look(JSON.stringify(await redis.hgetall(name)))
      else search.look((await redis.getBuffer(name))?.toString('latin1') ?? '')
    }
    cursor = String(next)
  } while (cursor !== '0')
  return keys
}

/** Has this server write its dump, not compressed, and looks through the file as a thief of it would. Gives its size. */
export async function lookInDump (search: LeakSearch, redis: Redis): Promise<number> {
  await redis.config('SET', 'rdbcompression', 'no')
  await redis.save()
  const [, folder = ''] = await redis.config('GET', 'dir') as [string, string]
  const [, file = ''] = await redis.config('GET', 'dbfilename') as [string, string]
  return await lookInFile(search, join(folder, file))
}
