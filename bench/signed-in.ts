import { readFile } from 'node:fs/promises'
import { request } from 'undici'
import type { Sessions } from './candidates/candidate.ts'

interface Asked {
  readonly name: string
  readonly url: string
  readonly cookiesFile: string
}

/**
 * Throws unless a candidate does what is compared: the first and the last of its users are answered 200 and the app is told who they
 * are, and somebody without a cookie is not let in. Of one without sessions only the 200 is asked.
 */
export async function checkAnswers ({ name, url, cookiesFile }: Asked, sessions: Sessions | null): Promise<void> {
  const cookies = (await readFile(cookiesFile, 'utf8')).trim().split('\n')
  for (const cookie of [cookies[0] ?? '', cookies.at(-1) ?? '']) {
    const { status, text } = await ask(url, { cookie })
    const told: Readonly<Record<string, unknown>> = status === 200 ? JSON.parse(text) : {}
    if (status !== 200 || (sessions !== null && (told[sessions.identityHeader] ?? '') === '')) throw new Error(`${name} does not pass on who is signed in: ${status} ${text.slice(0, 200)}`)
  }
  const { status } = await ask(url, {})
  if (sessions !== null && status === 200) throw new Error(`${name} lets in who is not signed in`)
}

async function ask (url: string, headers: Readonly<Record<string, string>>): Promise<{ readonly status: number, readonly text: string }> {
  const { statusCode, body } = await request(`${url}/identity`, { headers: { host: 'gw.test', ...headers } })
  return { status: statusCode, text: await body.text() }
}
