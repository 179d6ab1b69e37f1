/**
 * Why nothing can listen there, and what to do, in two lines; null when the error is another one.
 * `setting` is what names the address: a flag, or a key of the configuration with its variable.
 */
export function listenProblem (error: unknown, setting: string): string | null {
  if (error instanceof Error && 'hostname' in error) return `${String(error.hostname)} is no name of this machine: it has no address.\nChoose an address to listen on: ${setting}.`
  if (!(error instanceof Error) || !('code' in error) || !('address' in error) || !('port' in error)) return null
  const address = `${error.address}:${error.port}`
  switch (error.code) {
    case 'EADDRINUSE': return `${address} is in use by another program.\nStop that program, or choose another address: ${setting}.`
    case 'EADDRNOTAVAIL': return `${address} is no address of this machine.\nChoose another one: ${setting}.`
    case 'EACCES': return `${address} may not be used by this user.\nChoose a port above 1023: ${setting}.`
    default: return null
  }
}
