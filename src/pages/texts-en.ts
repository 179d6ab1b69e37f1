import type { PageTexts } from './page-texts.ts'

export const en: PageTexts = {
  languageName: 'English',
  languageSwitch: 'Language',
  signIn: {
    title: 'Sign in to continue',
    welcome: null,
    asks: 'asks AIHubMix for',
    scopes: { profile: 'Your name and e-mail address', balance: 'Your account balance' },
    otherScope: (scope) => `The permission “${scope}”`,
    grantsAtOnce: 'One click grants this: once you are signed in at AIHubMix you come straight back, without a further question.',
    asksFirst: 'AIHubMix asks you to confirm before anything is shared.',
    keepsTokens: 'You sign in at AIHubMix itself. The app never sees your password.',
    action: 'Sign in with AIHubMix'
  },
  signOut: {
    title: 'Sign out?',
    signedInAs: 'Signed in as',
    text: 'You will be signed out here in every tab at once. Anything you have not saved may be lost.',
    action: 'Sign out',
    cancel: 'Stay signed in'
  },
  signedOut: {
    title: 'You are signed out',
    text: 'Your session here has ended, in every tab.',
    providerStays: 'Your login at AIHubMix itself stays. On a shared computer, log out there too.',
    action: 'Sign in again'
  },
  lowBalance: {
    balance: 'Your balance at AIHubMix',
    unknown: 'not known',
    unknownText: 'This page asks for a certain balance, and AIHubMix has not told us yours.',
    readAgo: (when) => `Read ${when}.`,
    needed: (minBalance) => `At least ${minBalance} is needed here.`,
    topUp: 'Top up at AIHubMix',
    topUpAgain: 'Open the top-up page again',
    lookAgain: 'I have topped up: look again',
    awaited: {
      heading: 'Waiting for your top-up',
      title: 'Your payment can take a few minutes to arrive.',
      text: 'This page keeps looking and goes on by itself as soon as your balance has changed. There is no need to pay a second time.'
    },
    late: {
      heading: 'Your top-up is not here yet',
      title: 'If you have paid, nothing is lost: some payments take longer.',
      text: 'Please do not pay a second time. Look again in a while, or ask AIHubMix support if it stays so.'
    }
  },
  popup: {
    title: 'You are signed in',
    text: 'This window closes by itself. If it stays open, close it and go on where you were.',
    action: 'Go on in this window'
  },
  footer: { authorizations: 'Manage authorizations', support: 'Get help' },
  error: {
    nextStep: 'What to do now',
    status: 'Status',
    code: 'Error',
    requestId: 'Request ID',
    actions: { 'sign-in': 'Sign in again', 'another-account': 'Use another account', retry: 'Try again', home: 'Go to the start page' }
  },
  errors: {
    malformed_request: {
      title: 'This request cannot be read',
      text: 'Something between your browser and this site changed the request so that it is no longer valid.',
      nextStep: 'Reload the page. If it happens again, try without browser extensions or a proxy.'
    },
    malformed_request_target: {
      title: 'This address cannot be opened',
      text: 'The address holds characters that can be understood in more than one way, so it was not passed on.',
      nextStep: 'Check the address for stray characters such as “\\”, “#” or “%”, or go to the start page.'
    },
    missing_parameters: {
      title: 'The sign-in is incomplete',
      text: 'The answer from AIHubMix arrived without everything a sign-in needs.',
      nextStep: 'Start the sign-in again.'
    },
    invalid_state: {
      title: 'This sign-in cannot be used',
      text: 'It was not started in this browser, or it was finished already. To protect you, it was stopped.',
      nextStep: 'Start the sign-in again, and finish it in this same browser with cookies allowed.'
    },
    sign_in_expired: {
      title: 'The sign-in took too long',
      text: 'For your safety a sign-in stays open only for a few minutes.',
      nextStep: 'Start the sign-in again. Nothing was shared.'
    },
    login_required: {
      title: 'Please sign in first',
      text: 'This page is only for people who are signed in. You were not yet, or your session has ended.',
      nextStep: 'Sign in with AIHubMix; you come back to this page.'
    },
    invalid_token: {
      title: 'The access token was not accepted',
      text: 'The request showed an AIHubMix access token that has expired, was revoked, is malformed or was made for another app.',
      nextStep: 'Get a new access token and send the request again.'
    },
    balance_too_low: {
      title: 'Your balance is too low',
      text: 'You are signed in, but this page needs a higher balance in your AIHubMix account.',
      nextStep: 'Top up at AIHubMix, then come back to this page.'
    },
    access_denied: {
      title: 'You have no access to this page',
      text: 'You are signed in, but this account may not open this address.',
      nextStep: 'Ask the operator of this site for access, or sign in with another account.'
    },
    account_disabled: {
      title: 'This account is disabled',
      text: 'AIHubMix says that this account is not active, so it cannot be used here.',
      nextStep: 'Contact AIHubMix support, or sign in with another account.'
    },
    consent_refused: {
      title: 'Access was not granted',
      text: 'The request was declined at AIHubMix, so nothing was shared and you are not signed in.',
      nextStep: 'If you did not mean to decline, start the sign-in again and allow it.'
    },
    provider_refused: {
      title: 'AIHubMix refused the request',
      text: 'AIHubMix does not allow this sign-in. Most often the app is not set up correctly there.',
      nextStep: 'Try again. If it happens again, send the request ID to the operator of this site.'
    },
    cross_origin: {
      title: 'This came from another website',
      text: 'Another website tried to act in your name here. To protect you, it was stopped and nothing was changed.',
      nextStep: 'If this was what you wanted, do it again from a page of this site.'
    },
    not_found: {
      title: 'There is nothing here',
      text: 'This address does not exist.',
      nextStep: 'Check the spelling of the address, or go to the start page.'
    },
    method_not_allowed: {
      title: 'This cannot be done here',
      text: 'The address exists, but not for this kind of request.',
      nextStep: 'Go back and use the links and buttons of the page.'
    },
    body_too_large: {
      title: 'This is too large to send',
      text: 'What you sent is larger than this site accepts. Nothing was stored.',
      nextStep: 'Send a smaller file, or send it in parts.'
    },
    url_too_long: {
      title: 'This address is too long',
      text: 'The address is longer than this site accepts.',
      nextStep: 'Open a shorter address, or go to the start page.'
    },
    expectation_failed: {
      title: 'This request cannot be fulfilled',
      text: 'The request asks for something that this site does not offer.',
      nextStep: 'Try again with an ordinary web browser.'
    },
    unknown_host: {
      title: 'No app at this address',
      text: 'The address reaches this server, but no app is set up under this name.',
      nextStep: 'Check the first part of the address. If it is right, tell the operator of this site.'
    },
    too_many_requests: {
      title: 'You are faster than this page allows',
      text: 'You, or others at your network address, have sent more requests in a short time than are allowed here. This signs nobody out.',
      nextStep: 'Wait a little, then try again.'
    },
    headers_too_large: {
      title: 'Your browser sent too much',
      text: 'The request carries more header data than this site accepts; most often that is cookies.',
      nextStep: 'Delete the cookies of this site, then sign in again.'
    },
    internal_error: {
      title: 'Something went wrong here',
      text: 'The fault is on our side, not yours.',
      nextStep: 'Try again. If it happens again, send the request ID to the operator of this site.'
    },
    exchange_failed: {
      title: 'The sign-in could not be finished',
      text: 'AIHubMix did not accept the sign-in. It may have been used already, or it ran out on the way.',
      nextStep: 'Start the sign-in again. If it fails again, send the request ID to the operator of this site.'
    },
    provider_bad_response: {
      title: 'AIHubMix gave an unreadable answer',
      text: 'AIHubMix answered in a way that cannot be used. This is usually over soon.',
      nextStep: 'Try again in a minute.'
    },
    topup_unavailable: {
      title: 'No top-up page just now',
      text: 'AIHubMix did not give a top-up link that can be trusted. Your balance is unchanged.',
      nextStep: 'Top up at AIHubMix directly, or try again in a minute.'
    },
    upstream_unreachable: {
      title: 'The app cannot be reached',
      text: 'The app behind this address does not answer at the moment. It may be restarting.',
      nextStep: 'Try again in a minute. If it stays so, send the request ID to the operator of this site.'
    },
    upstream_bad_response: {
      title: 'The app gave a broken answer',
      text: 'The app behind this address answered, but its answer cannot be passed on.',
      nextStep: 'Try again. If it happens again, send the request ID to the operator of this site.'
    },
    provider_busy: {
      title: 'Too many calls to AIHubMix just now',
      text: 'AIHubMix limits how often it may be asked, and a lot is going on at this moment. Nothing is lost, and whoever is signed in stays so.',
      nextStep: 'Try again in a moment.'
    },
    provider_unavailable: {
      title: 'AIHubMix cannot be reached',
      text: 'Sign-in depends on AIHubMix, which does not answer just now. Nothing is lost.',
      nextStep: 'Try again in a minute.'
    },
    session_store_unavailable: {
      title: 'One moment, please',
      text: 'Sessions cannot be read just now. You are still signed in.',
      nextStep: 'Try again in a few seconds; there is no need to sign in again.'
    },
    renewal_unavailable: {
      title: 'Your sign-in could not be renewed',
      text: 'AIHubMix cannot be reached to renew it. You are still signed in, and nothing is lost.',
      nextStep: 'Try again in a minute; there is no need to sign in again.'
    },
    decision_changed: {
      title: 'Please try again',
      text: 'Whether you may open this address changed while it was decided.',
      nextStep: 'Open it again.'
    },
    upstream_busy: {
      title: 'The app is busy',
      text: 'Too many requests are waiting for the app just now.',
      nextStep: 'Try again in a few seconds.'
    },
    upstream_timeout: {
      title: 'The app took too long',
      text: 'The app did not answer in time. It may still be working on what you sent.',
      nextStep: 'Try again. If you were saving something, look first whether it was saved.'
    }
  }
}
