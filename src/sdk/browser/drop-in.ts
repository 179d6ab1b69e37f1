import type { Gateway } from './gateway.ts'
import type { User } from './user.ts'

const actions = ['signIn', 'signOut', 'topUp', 'refreshBalance'] as const
const fields = ['id', 'username', 'email', 'balance'] as const

/**
 * @internal `<script type="module" src="/oauth2/sdk.js" data-aihubmix>`: the page needs no script of its own.
 * `data-aihubmix-when="signed-in"` shows an element in that state (loading, signed-in, signed-out, unavailable),
 * `data-aihubmix-text="balance"` fills it, `data-aihubmix-click="topUp"` acts.
 */
export function bindPage (gateway: Gateway): void {
  const script = globalThis.document?.querySelector<HTMLElement>('script[data-aihubmix]')
  if (!script) return
  const show = (user?: User | null, state = user ? 'signed-in' : 'signed-out'): void => {
    each('when', (element, when) => { element.hidden = !when.split(' ').includes(state) })
    each('text', (element, name) => {
      const field = fields.find((known) => known === name)
      element.textContent = (field && user?.[field]) ?? ''
    })
  }
  gateway.on('change', show)
  show(null, 'loading')
  gateway.user().then(show, () => show(null, 'unavailable'))
  document.addEventListener('click', ({ target }) => {
    const element = target instanceof Element ? target.closest<HTMLElement>('[data-aihubmix-click]') : null
    const action = actions.find((name) => name === element?.dataset['aihubmixClick'])
    if (element && action) act(element, gateway[action])
  })
}

/** @internal Marks the element busy meanwhile; a failure is an event of it that bubbles. */
export function act (element: HTMLElement, action: () => Promise<unknown>): void {
  element.ariaBusy = 'true'
  action()
    .catch((detail) => element.dispatchEvent(new CustomEvent('aihubmix-error', { detail, bubbles: true, composed: true })))
    .finally(() => { element.ariaBusy = null })
}

function each (name: string, change: (element: HTMLElement, value: string) => void): void {
  for (const element of document.querySelectorAll<HTMLElement>(`[data-aihubmix-${name}]`)) change(element, element.getAttribute(`data-aihubmix-${name}`) ?? '')
}
