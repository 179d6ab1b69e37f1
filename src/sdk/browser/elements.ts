import { createGateway } from './sdk.ts'
import { textsFor } from './texts.ts'
import type { User } from './user.ts'

const css = `:host{display:inline-block}[hidden]{display:none!important}
button,summary{font:inherit;padding:.5em .9em;border:1px solid;border-radius:.6em;background:none;color:inherit;cursor:pointer}
.main{background:var(--aihubmix-accent,#2f55d4);color:var(--aihubmix-on-accent,#fff)}
details{position:relative}summary{display:flex;gap:.7em}
div{position:absolute;right:0;z-index:9;display:grid;gap:.4em;margin-top:.4em;padding:.6em;border:1px solid;border-radius:.6em;background:Canvas;color:CanvasText;white-space:nowrap}
p{margin:0}p:empty{display:none}[aria-busy]{opacity:.6}`

type Show = (user: User | null | undefined) => void

const gateway = createGateway()

/** Nothing but a strict policy needs to be allowed: no markup is made of text, and no style stands in the page. */
function define (name: string, fill: (root: ShadowRoot, texts: readonly string[]) => Show): void {
  customElements.define(name, class extends HTMLElement {
    #stop?: () => void

    connectedCallback (): void {
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(css)
      root.adoptedStyleSheets = [sheet]
      root.replaceChildren()
      const show = fill(root, textsFor(this))
      this.#stop = gateway.on('change', show)
      gateway.user().then(show, () => show(null))
    }

    disconnectedCallback (): void {
      this.#stop?.()
    }
  })
}

function add<Name extends keyof HTMLElementTagNameMap> (parent: Node, name: Name, content = '', members: Partial<HTMLElementTagNameMap[Name]> = {}): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), members)
  element.textContent = content
  parent.appendChild(element)
  return element
}

/** Marks the button busy meanwhile; a failure is an event that bubbles. */
async function act (button: HTMLElement, action: () => Promise<unknown>): Promise<void> {
  button.ariaBusy = 'true'
  try {
    await action()
  } catch (detail) {
    button.dispatchEvent(new CustomEvent('aihubmix-error', { detail, bubbles: true, composed: true }))
  }
  button.ariaBusy = null
}

// A button while nobody is signed in; its content is the label.
define('aihubmix-sign-in', (root, [label]) => {
  const button = add(root, 'button', '', { className: 'main', hidden: true, onclick: () => act(button, gateway.signIn) })
  button.part.add('button')
  add(button, 'slot', label)
  return (user) => { button.hidden = user !== null }
})

// Name, balance and a menu while somebody is.
define('aihubmix-user', (root, [, balance, refresh, topUp, signOut, failed = '']) => {
  const details = add(root, 'details', '', { hidden: true, onkeydown: ({ key }) => { if (key === 'Escape') details.open = false } })
  const summary = add(details, 'summary')
  const name = add(summary, 'bdi')
  const amount = add(summary, 'bdi', '', { title: balance ?? '' })
  const menu = add(details, 'div')
  const item = (label: string | undefined, action: () => Promise<unknown>): void => {
    const button = add(menu, 'button', label, { onclick: () => { notice.textContent = ''; act(button, action) } })
  }
  item(refresh, gateway.refreshBalance)
  item(topUp, gateway.topUp)
  item(signOut, gateway.signOut)
  const notice = add(menu, 'p', '', { role: 'status' })
  root.addEventListener('aihubmix-error', () => { notice.textContent = failed })
  return (user) => {
    details.hidden = !user
    name.textContent = user?.username ?? user?.email ?? user?.id ?? ''
    amount.textContent = user?.balance ?? '–'
  }
})
