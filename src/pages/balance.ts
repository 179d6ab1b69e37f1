import type { BalanceTooLow } from '../errors.ts'
import { html, type Html } from './html.ts'
import { textsOf, type Page, type PageOptions } from './layout.ts'
import type { Locale } from './locale.ts'

interface BalancePageOptions extends PageOptions, Pick<BalanceTooLow, 'balance' | 'minBalance' | 'ageSeconds' | 'topUp'> {
  readonly requestId: string
  /** This very address, to look again. Checked by the caller. */
  readonly againHref: string
}

function whatIsKnown (options: BalancePageOptions): Html {
  const { locale, balance, minBalance, ageSeconds } = options
  const { lowBalance } = textsOf(options)
  return html`<div class="panel"><h2>${lowBalance.balance}</h2>
<p><bdi class="who" id="balance">${balance ?? lowBalance.unknown}</bdi></p>
<p class="quiet">${lowBalance.readAgo(ago(locale, ageSeconds))} ${lowBalance.needed(minBalance)}</p></div>`
}

function ago (locale: Locale, seconds: number): string {
  const [value, unit] = seconds < 90 ? [seconds, 'second'] as const : [Math.round(seconds / 60), 'minute'] as const
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-value, unit)
}

/** Who has paid and does not see it yet must not read that it failed, nor find "pay" as the first thing to press. */
function actions (options: BalancePageOptions): Html {
  const { topUp, againHref } = options
  const { lowBalance } = textsOf(options)
  return topUp === 'none'
    ? html`<a class="button" href="/oauth2/topup">${lowBalance.topUp}</a>
<a class="button plain" href="${againHref}">${lowBalance.lookAgain}</a>`
    : html`<a class="button" href="${againHref}">${lowBalance.lookAgain}</a>
<a class="button plain" href="/oauth2/topup">${lowBalance.topUpAgain}</a>`
}

/** The balance, when it was read and the way to top up; while a top-up is awaited, that it is. */
export function balancePage (options: BalancePageOptions): Page {
  const { lowBalance, error, errors } = textsOf(options)
  const { title, text } = errors.balance_too_low
  const wait = options.topUp === 'none' ? null : lowBalance[options.topUp]
  const body = html`<p>${options.balance === null ? lowBalance.unknownText : text}</p>
${whatIsKnown(options)}
${wait === null ? null : html`<p id="wait" role="status"><strong>${wait.title}</strong> ${wait.text}</p>`}
${actions(options)}
<dl><dt>${error.status}</dt><dd>402</dd><dt>${error.code}</dt><dd>balance_too_low</dd><dt>${error.requestId}</dt><dd id="request-id">${options.requestId}</dd></dl>`
  return { ...options, title: wait?.heading ?? title, body }
}
