import { setTimeout as delay } from 'node:timers/promises'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { createBrowser, type BrowserAnswer } from '../../test/rig/browser.ts'
import { app } from '../../test/rig/rig.ts'
import type { Replica } from './chaos-sites.ts'

export interface Tally {
  readonly statuses: Map<number, number>
  slowestMs: number
  requests: number
  signIns: number
  refused: number
  readonly losses: { readonly at: number, readonly family: string }[]
  readonly odd: string[]
  readonly cookies: Set<string>
}

interface BrowsersOptions {
  readonly replicas: readonly Replica[]
  readonly emulator: Emulator
  readonly random: () => number
  readonly tally: Tally
}

const sessionCookie = '__Host-aihubmix'

/** One person: signs in once and asks on until it is over; a sign-in that is asked for again is a loss. */
export async function browse ({ replicas, emulator, random, tally }: BrowsersOptions, number: number, isOver: () => boolean): Promise<void> {
  const jars = new Map<string, Map<string, string>>()
  const username = `chaos${number}`
  let family: string | null = null

  const anyReplica = () => {
    const up = replicas.filter((replica) => replica.isUp())
    return createBrowser(up[Math.floor(random() * up.length)]?.url ?? '', jars)
  }

  /** Null when the replica was killed under the request. */
  async function attempt (path: string, headers: Readonly<Record<string, string>>): Promise<BrowserAnswer | null> {
    const startedAt = performance.now()
    try {
      const answer = await anyReplica().fetch(path, { headers })
      tally.requests++
      tally.statuses.set(answer.status, (tally.statuses.get(answer.status) ?? 0) + 1)
      tally.slowestMs = Math.max(tally.slowestMs, performance.now() - startedAt)
      return answer
    } catch {
      tally.refused++
      return null
    }
  }

  async function signIn (): Promise<void> {
    for (;;) {
      const started = await attempt('/oauth2/start?rd=%2F', { accept: 'text/html', 'sec-fetch-mode': 'navigate' })
      const state = started?.location == null ? null : new URL(started.location, 'https://gw.test').searchParams.get('state')
      if (state !== null) {
        const { code } = emulator.authorize({ username, clientId: app.clientId, redirectUri: app.redirectUri })
        const answer = await attempt(`/oauth2/callback?${new URLSearchParams({ code, state })}`, { accept: 'text/html', 'sec-fetch-mode': 'navigate' })
        const cookie = jars.get('https://gw.test')?.get(sessionCookie)
        if (answer?.status === 303 && cookie !== undefined) {
          family = code
          tally.signIns++
          tally.cookies.add(cookie)
          return
        }
      }
      if (isOver()) return
      await delay(300)
    }
  }

  await signIn()
  // After the end each asks on until it is served, so that what was lost in the last moment is seen.
  for (let served = false; !isOver() || !served;) {
    const answer = await attempt('/page', { accept: 'application/json' })
    served = answer?.status === 200
    if (answer?.status === 401) {
      tally.losses.push({ at: Date.now(), family: family ?? '' })
      await signIn()
    } else if (answer !== null && ![200, 503].includes(answer.status)) {
      tally.odd.push(`${answer.status} ${answer.text.slice(0, 120)}`)
    }
    await delay(100 + random() * 500)
  }
}
