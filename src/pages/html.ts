const markup = Symbol('markup')

/** Markup that is safe to send. Only `html` makes it, so text from elsewhere cannot become markup unescaped. */
export interface Html { readonly [markup]: string }

/** What may stand between `${` and `}`: text is escaped, markup is kept, lists are joined, null leaves nothing behind. */
export type HtmlContent = string | number | Html | null | readonly HtmlContent[]

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeText (text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character)
}

function markupOf (content: HtmlContent): string {
  if (content === null) return ''
  if (typeof content === 'string') return escapeText(content)
  if (typeof content === 'number') return String(content)
  return markup in content ? content[markup] : content.map(markupOf).join('')
}

/**
 * Template tag for markup. Every interpolation is escaped for text and for quoted attribute values; an attribute without
 * quotes is not safe, so write the quotes.
 */
export function html (literals: TemplateStringsArray, ...contents: readonly HtmlContent[]): Html {
  return { [markup]: literals.reduce((written, literal, i) => written + markupOf(contents[i - 1] ?? null) + literal) }
}

/** The markup as the string that is sent. */
export function render (content: Html): string {
  return content[markup]
}
