const ownPaths = ['/api/oauth2/authorize', '/user/authorizations', '/console/apps']

/**
 * The own page to go on to after sign-in; the user centre when the given one is none of ours. Only its path and query
 * may be used: the host of what a form sent means nothing.
 */
export function nextPath (given: string | null): URL {
  const url = URL.parse(given ?? '', 'http://emulator')
  return url !== null && ownPaths.includes(url.pathname) ? url : new URL('/user/authorizations', 'http://emulator')
}
