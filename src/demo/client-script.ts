/** What runs in the browser of the sample app, served as /app.js: a policy without inline script allows no other place. */
export const clientScript = `
const element = (id) => document.getElementById(id)

function showBalance (balance) {
  element('balance').textContent = balance ?? 'unknown'
  element('balance').classList.toggle('unknown', balance === null)
}

async function readBalance () {
  const answer = await fetch('/oauth2/userinfo?fresh=1', { headers: { accept: 'application/json' } })
  if (answer.status === 401) throw new Error('You are signed out. Reload the page to sign in.')
  if (!answer.ok) throw new Error('The balance cannot be read just now (' + answer.status + ').')
  const { balance_formatted: balance } = await answer.json()
  return typeof balance === 'string' && balance !== '' ? balance : null
}

async function refreshBalance () {
  element('refresh').setAttribute('aria-busy', 'true')
  try {
    showBalance(await readBalance())
    element('notice').textContent = 'Read at ' + new Date().toLocaleTimeString() + '.'
  } catch (error) {
    element('notice').textContent = error.message
  } finally {
    element('refresh').removeAttribute('aria-busy')
  }
}

function followEvents () {
  const events = new EventSource('/events')
  events.onmessage = ({ data }) => { element('sse').textContent = data }
  events.onerror = () => { element('sse').textContent = events.readyState === EventSource.CLOSED ? 'closed' : 'reconnecting' }
}

function openLive () {
  const live = new WebSocket(location.origin.replace(/^http/, 'ws') + '/live')
  live.onmessage = ({ data }) => { element('ws').textContent = data }
  live.onclose = ({ code }) => { element('ws').textContent = 'closed (' + code + ')' }
  element('say').addEventListener('submit', (event) => {
    event.preventDefault()
    if (live.readyState === WebSocket.OPEN) live.send(new FormData(event.target).get('text'))
  })
}

element('refresh').addEventListener('click', refreshBalance)
// The top-up page is in another tab: whoever comes back from it wants to see the new balance.
let toppingUp = false
element('topup').addEventListener('click', () => { toppingUp = true })
window.addEventListener('focus', () => { if (toppingUp) refreshBalance() })
followEvents()
openLive()
`
