import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import { start } from './events/outbox'
import { speak } from './messages/say.svelte'
import { watchPause } from './mine/session'
import { recognise } from './people/account.svelte'
import { pageAt } from './routes'
import { feedAt } from './watch/feeds.svelte'

const named = new URLSearchParams(location.search)
const shared = named.get('video')
if (named.has('viewer') || shared) {
  history.replaceState(null, '', shared ? `/v/${encodeURIComponent(shared)}` : location.pathname)
}

start()
void watchPause()
void recognise()
// Asked for while the texts are on their way.
const { page, name } = pageAt(location.pathname)
if (page.load) page.load().catch(() => undefined)
else feedAt(location.pathname, name)
void speak().then(() => {
  const target = document.getElementById('app')!
  target.replaceChildren() // what stands there until now
  mount(App, { target })
})

// After the first video has what it needs.
addEventListener('load', () => {
  setTimeout(() => void navigator.serviceWorker?.register('/worker.js').catch(() => undefined), 1500)
})
