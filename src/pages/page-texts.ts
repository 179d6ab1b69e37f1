import type { ErrorCode } from '../errors.ts'

/** What an error page says: what it is, what it means for the reader, and what to do now. */
export interface ErrorTexts {
  readonly title: string
  readonly text: string
  readonly nextStep: string
}

/** What is said while a top-up is not seen yet: never that it failed. */
interface WaitTexts {
  readonly heading: string
  readonly title: string
  readonly text: string
}

/** Everything our pages say, once per language. A language that lacks a text does not compile. */
export interface PageTexts {
  /** The language's own name, as the switch shows it. */
  readonly languageName: string
  readonly languageSwitch: string
  readonly signIn: {
    readonly title: string
    /** A sentence of the operator's. */
    readonly welcome: string | null
    readonly asks: string
    /** Scopes of AIHubMix in words; a scope not listed here is shown by its name. */
    readonly scopes: { readonly profile: string, readonly balance: string }
    readonly otherScope: (scope: string) => string
    readonly grantsAtOnce: string
    readonly asksFirst: string
    readonly keepsTokens: string
    readonly action: string
  }
  readonly signOut: {
    readonly title: string
    readonly signedInAs: string
    readonly text: string
    readonly action: string
    readonly cancel: string
  }
  readonly signedOut: {
    readonly title: string
    readonly text: string
    readonly providerStays: string
    readonly action: string
  }
  readonly lowBalance: {
    readonly balance: string
    readonly unknown: string
    readonly unknownText: string
    /** `when` is a time such as "12 seconds ago". */
    readonly readAgo: (when: string) => string
    readonly needed: (minBalance: string) => string
    readonly topUp: string
    readonly topUpAgain: string
    readonly lookAgain: string
    readonly awaited: WaitTexts
    readonly late: WaitTexts
  }
  /** What a sign-in popup ends with. */
  readonly popup: {
    readonly title: string
    readonly text: string
    readonly action: string
  }
  readonly footer: { readonly authorizations: string, readonly support: string }
  readonly error: {
    readonly nextStep: string
    readonly status: string
    readonly code: string
    readonly requestId: string
    readonly actions: { readonly 'sign-in': string, readonly 'another-account': string, readonly retry: string, readonly home: string }
  }
  readonly errors: Readonly<Record<ErrorCode, ErrorTexts>>
}
