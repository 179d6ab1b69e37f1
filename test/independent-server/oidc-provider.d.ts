/** The few parts of oidc-provider that the test uses; it ships no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  interface Grant { addOIDCScope (scope: string): void, addResourceScope (resource: string, scope: string): void, save (): Promise<string> }
  interface Context { readonly oidc: { readonly params?: Readonly<Record<string, string>>, readonly client: { readonly clientId: string }, readonly session: { readonly accountId: string } } }

  export default class Provider {
    constructor (issuer: string, configuration: object)
    readonly Grant: new (properties: { accountId: string, clientId: string }) => Grant
    readonly AccessToken: { find (token: string): Promise<{ readonly accountId: string } | undefined> }
    proxy: boolean
    callback (): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    interactionFinished (request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
    on (event: string, listener: (context: Context) => void): this
  }
}
