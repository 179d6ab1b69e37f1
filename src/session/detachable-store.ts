import type { SessionStore } from './store.ts'

/** A view of a store that outlives whoever looks through it: once detached, it tells its listeners nothing and holds none. */
export function detachable (store: SessionStore): { readonly store: SessionStore, readonly detach: () => void } {
  const changeListeners: Array<(id: string) => void> = []
  const gapListeners: Array<() => void> = []
  store.changes.onChange((id) => { for (const listener of changeListeners) listener(id) })
  store.changes.onGap(() => { for (const listener of gapListeners) listener() })

  return {
    store: {
      ...store,
      changes: {
        isHeard: store.changes.isHeard,
        onChange (listener) { changeListeners.push(listener) },
        onGap (listener) { gapListeners.push(listener) }
      }
    },
    detach () {
      changeListeners.length = 0
      gapListeners.length = 0
    }
  }
}
