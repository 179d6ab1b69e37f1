import { withoutOwnCookies, type OwnCookies } from '../session/cookies.ts'

/** What the client showed, and to whom. */
export interface Shown {
  readonly cookie: string | undefined
  readonly authorization: string | undefined
  /** The access token in Authorization was for us. */
  readonly isByToken: boolean
  readonly isToEnvoy: boolean
}

/** The headers, flat, by which a proxy in front learns which credentials the app may see. */
export type CredentialsForApp = (shown: Shown) => readonly string[]

/**
 * The client's `Cookie` and `Authorization` without what is ours, every other byte as sent; a header of which nothing is left is not there.
 * A proxy sets both on what it forwards, and so removes what is missing. Envoy alone keeps a header that the answer does not name,
 * and has to be told (its `x-envoy-auth-headers-to-remove`).
 */
export function createCredentialsForApp (ownCookies: OwnCookies): CredentialsForApp {
  return ({ cookie, authorization, isByToken, isToEnvoy }) => {
    const left = [
      ['cookie', cookie, cookie === undefined ? null : withoutOwnCookies(cookie, ownCookies)],
      ['authorization', authorization, isByToken ? null : authorization ?? null]
    ] as const
    const removed = left.filter(([, sent, kept]) => sent !== undefined && kept === null).map(([name]) => name)
    return [
      ...left.flatMap(([name, , kept]) => kept === null ? [] : [name, kept]),
      ...(!isToEnvoy || removed.length === 0 ? [] : ['x-envoy-auth-headers-to-remove', removed.join(', ')])
    ]
  }
}
