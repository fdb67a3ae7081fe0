/** How this browser wants the page: kept here, not told to the engine. */

import { store } from './identity'
import { KEY, kept, type Settings } from './wanted'

const DEFAULTS: Settings = {
  language: undefined,
  theme: 'auto',
  sound: false,
  captions: true,
  speed: 1,
  autoplay: true,
  stopAfter: 0,
  finite: false,
  letters: true,
  keymap: 'feed',
  spaceNext: false,
}

/** Change a field, and it is kept. */
export const settings = $state<Settings>({ ...DEFAULTS, ...kept() })

$effect.root(() => {
  $effect(() => store(KEY, JSON.stringify(settings)))
})

addEventListener('storage', (event) => {
  if (event.key === KEY) Object.assign(settings, kept())
})
