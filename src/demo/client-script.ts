/**
 * The sample app's own script, served as /app.js: a policy without inline script allows no other place. Everything about the user
 * comes from the SDK; states and buttons are in the page (`data-aihubmix-…`).
 */
export const clientScript = `
import { createGateway } from '/oauth2/sdk.js'

const gateway = createGateway()
const element = (id) => document.getElementById(id)

function show (user) {
  if (user === null) return
  element('user-id').textContent = user.id
  element('username').textContent = user.username ?? 'unknown'
  element('email').textContent = user.email ?? 'unknown'
  element('balance').textContent = user.balance ?? 'unknown'
  element('balance').classList.toggle('unknown', user.balance === null)
  element('notice').textContent = 'Read at ' + new Date().toLocaleTimeString() + '.'
}

function explain ({ detail: { kind, code, retryAfterSeconds } }) {
  element('notice').textContent = kind === 'cancelled'
    ? 'Nothing was changed.'
    : 'That did not work (' + code + ').' + (retryAfterSeconds ? ' Try again in ' + retryAfterSeconds + ' seconds.' : '')
}

let events
let live

function followEvents () {
  events = new EventSource('/events')
  events.onmessage = ({ data }) => { element('sse').textContent = data }
  events.onerror = () => { element('sse').textContent = events.readyState === EventSource.CLOSED ? 'closed' : 'reconnecting' }
}

function openLive () {
  live = new WebSocket(location.origin.replace(/^http/, 'ws') + '/live')
  live.onmessage = ({ data }) => { element('ws').textContent = data }
  live.onclose = ({ code }) => { element('ws').textContent = 'closed (' + code + ')' }
}

function connect (user) {
  events?.close()
  live?.close()
  if (user === null) return
  followEvents()
  openLive()
}

element('say').addEventListener('submit', (event) => {
  event.preventDefault()
  if (live?.readyState === WebSocket.OPEN) live.send(new FormData(event.target).get('text'))
})
document.addEventListener('aihubmix-error', explain)

let connectedAs
gateway.on('change', (user) => {
  show(user)
  if (user?.id === connectedAs) return
  connectedAs = user?.id
  connect(user)
})
gateway.user().then(show, (detail) => explain({ detail }))
`
