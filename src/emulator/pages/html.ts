/** Markup that is safe to send: made by the `html` tag only. */
export interface Html { readonly markup: string }

type HtmlValue = string | number | Html | readonly Html[]

/** A template whose values are escaped, so that no user's name can become markup. */
export function html (literals: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const markup = literals.reduce((sum, literal, index) => `${sum}${markupOf(values[index - 1] ?? '')}${literal}`)
  return { markup }
}

function markupOf (value: HtmlValue): string {
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('')
}

/** Line breaks are escaped too: in an attribute, HTML would turn CR LF into LF and change a user's name. */
function escaped (text: string): string {
  return text.replace(/[&<>"'\r\n]/g, (character) => `&#${character.charCodeAt(0)};`)
}
