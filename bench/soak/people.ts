import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { WebSocket } from 'ws'
import { createBrowser, publicUrl } from '../../test/rig/browser.ts'
import type { World } from '../world.ts'
import type { Errors } from './errors.ts'

/** Where a soak happens, and until when. */
export interface Scene {
  readonly world: World
  readonly url: string
  readonly errors: Errors
  readonly signal: AbortSignal
}

/** How often each thing was done. */
export interface Deeds { signIns: number, signOuts: number, messages: number, events: number, reconnects: number }

type Part = (scene: Scene, deeds: Deeds, name: string) => Promise<void>

/** Signs in, looks around, opens a WebSocket, signs out: the old cookie is refused and the WebSocket ends. Again and again. */
export const visitor: Part = async ({ world, url, errors, signal }, deeds, name) => {
  world.emulator.users.set(name, {})
  const browser = createBrowser(url)
  const { status } = await browser.signIn(name, '/1k')
  if (status !== 200) return errors.add(`sign-in answered ${status}`)
  deeds.signIns++
  const cookie = browser.cookieHeader()
  const socket = await opened(url, cookie)
  const closed = new Promise<number>((resolve) => { socket.once('close', resolve) })
  for (let look = 0; look < 5 && !signal.aborted; look++) {
    const answer = await browser.fetch('/1k')
    if (answer.status !== 200) errors.add(`a signed-in visitor was answered ${answer.status}`)
    await pause(200, signal)
  }
  const out = await browser.fetch('/oauth2/sign_out', { method: 'POST', headers: { origin: publicUrl } })
  if (out.status !== 204) errors.add(`sign-out answered ${out.status}`)
  deeds.signOuts++
  const after = await browser.fetch('/1k', { headers: { cookie, accept: 'application/json' } })
  if (after.status !== 401) errors.add(`after sign-out the old cookie was answered ${after.status}`)
  const code = await Promise.race([closed, delay(5_000, 'still open' as const)])
  if (code !== 1008) errors.add(`after sign-out the WebSocket was ${code}`)
  socket.terminate()
}

/** Sends and hears back through one WebSocket for a while, then closes it and comes again. */
export const talker: Part = async ({ url, errors, signal }, deeds, cookie) => {
  const socket = await opened(url, cookie)
  for (let message = 0; message < 20 && !signal.aborted; message++) {
    const text = `message ${message}`
    const echo = new Promise<string>((resolve) => { socket.once('message', (data) => resolve(data.toString())) })
    socket.send(text)
    const heard = await Promise.race([echo, delay(10_000, 'nothing')])
    if (heard !== text) { errors.add(`a WebSocket echoed ${heard}`); break }
    deeds.messages++
    await pause(500, signal)
  }
  socket.close()
  deeds.reconnects++
}

/** Listens to an event stream for a while, then leaves and comes again. */
export const listener: Part = async ({ url, errors, signal }, deeds, cookie) => {
  const leaving = new AbortController()
  const { statusCode, body } = await request(`${url}/live/events`, { headers: { host: 'gw.test', cookie }, signal: leaving.signal })
  if (statusCode !== 200) errors.add(`an event stream was answered ${statusCode}`)
  let heard = 0
  try {
    for await (const chunk of body) {
      deeds.events += String(chunk).split('\n\n').length - 1
      if (++heard === 10 || signal.aborted) leaving.abort()
    }
    errors.add('an event stream ended')
  } catch (error) {
    if (!leaving.signal.aborted) errors.add(`an event stream broke: ${error}`)
  }
  deeds.reconnects++
}

/** Plays one part over and over until the end; what it throws is an error of the soak. */
export async function play (part: Part, scene: Scene, deeds: Deeds, name: string): Promise<void> {
  while (!scene.signal.aborted) {
    await part(scene, deeds, name).catch((error: unknown) => {
      if (!scene.signal.aborted) scene.errors.add(`${part.name}: ${error}`)
    })
  }
}

async function opened (url: string, cookie: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live/echo`, { headers: { host: 'gw.test', cookie } })
  await new Promise((resolve, reject) => { socket.once('open', resolve).once('error', reject) })
  socket.on('error', () => {})
  return socket
}

async function pause (ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {})
}
