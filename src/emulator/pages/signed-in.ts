import type { FastifyReply, FastifyRequest } from 'fastify'
import type { World } from '../world.ts'

const cookieName = 'aihubmix_emulator_session'

/** Who is signed in at the emulator in this browser, or null. A sign-in of a user that was reset away does not count. */
export function signedInUser ({ signIns, users }: World, request: FastifyRequest): string | null {
  const username = signIns.username(request.cookies[cookieName])
  return username !== null && users.find(username) !== null ? username : null
}

export function startSignIn ({ signIns }: World, reply: FastifyReply, username: string): void {
  reply.setCookie(cookieName, signIns.start(username), { path: '/', httpOnly: true, sameSite: 'lax' })
}

export function endSignIn ({ signIns }: World, request: FastifyRequest, reply: FastifyReply): void {
  signIns.end(request.cookies[cookieName])
  reply.clearCookie(cookieName, { path: '/' })
}
