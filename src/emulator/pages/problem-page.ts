import { html } from './html.ts'
import type { Page, PageContext } from './send-page.ts'

export function problemPage ({ texts }: PageContext, problem: string, status = 400): Page {
  return { title: texts.cannotContinue, status, content: html`<p role="alert">${problem}</p>` }
}
