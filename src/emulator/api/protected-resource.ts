import type { FastifyRequest } from 'fastify'
import { answer, type Answer, oauthError } from '../answer.ts'
import { bearerOf } from '../body.ts'
import type { FaultEndpoint } from '../faults/stages.ts'
import type { Members } from '../json.ts'
import type { Scope } from '../scope.ts'
import type { Family } from '../tokens.ts'
import type { EmulatorUser } from '../users.ts'
import type { World } from '../world.ts'
import type { Endpoint } from './endpoint.ts'

/** `GET /api/oauth2/userinfo`, provider.md C-40. */
export function userinfoEndpoint (world: World): Endpoint {
  return protectedResource(world, 'userinfo', ({ username, scope }) => answer(200, visible(world.users.userinfo(username), scope)))
}

/** `GET /api/oauth2/topup`, provider.md C-50: a link to the top-up page. */
export function topupEndpoint (world: World, originOf: () => string): Endpoint {
  return protectedResource(world, 'topup', ({ username }) =>
    answer(200, { topup_url: `${originOf()}/topup?token=${world.topupLinks.issue(username)}` }))
}

function protectedResource (world: World, name: FaultEndpoint, resource: (family: Family) => Answer): Endpoint {
  const familyOf = (request: FastifyRequest) => world.tokens.access(bearerOf(request) ?? '')
  return {
    exchange (request) {
      const family = familyOf(request)
      return { endpoints: [name], username: family?.username ?? null, clientId: family?.clientId ?? null, grant: family?.familyId ?? null }
    },
    answer (request) {
      const family = familyOf(request)
      return family === null ? oauthError(401, 'invalid_token', 'the access token is missing, unknown, expired or revoked') : resource(family)
    }
  }
}

const needsScope: Readonly<Record<string, Scope>> = {
  username: 'profile',
  email: 'profile',
  created_time: 'profile',
  status: 'profile',
  quota: 'balance',
  used_quota: 'balance',
  balance_formatted: 'balance'
}

function visible (user: EmulatorUser, scope: readonly Scope[]): Members {
  return Object.fromEntries(Object.entries(user).filter(([name]) => {
    const needed = needsScope[name]
    return needed === undefined || scope.includes(needed)
  }))
}
