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
const { page, name } = pageAt(location.pathname)
if (!page.load) feedAt(location.pathname, name) // asked for while the texts are on their way
void speak().then(() => mount(App, { target: document.getElementById('app')! }))

// After the first video has what it needs.
addEventListener('load', () => {
  setTimeout(() => void navigator.serviceWorker?.register('/worker.js').catch(() => undefined), 1500)
})
