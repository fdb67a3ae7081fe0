/** How this browser wants the page: kept here, not told to the engine. */

import { store, stored } from './identity'
import type { Language } from './messages/say.svelte'

export type Theme = 'auto' | 'dark' | 'light'

export interface Settings {
  language: Language | undefined
  theme: Theme
  /** Sound is off until somebody asks for it by a tap or a key; then it stays as it was. */
  sound: boolean
  captions: boolean
  speed: number
  /** Off: a video waits for a tap. */
  autoplay: boolean
  /** Minutes of watching after which the page suggests to stop; 0: never. */
  stopAfter: number
  /** A feed of ten videos, then done. */
  finite: boolean
  /** Keys of a single character (WCAG 2.1.4). */
  letters: boolean
  /** Space goes to the next video instead of pausing. */
  spaceNext: boolean
}

const KEY = 'foryou.settings'
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

function kept(): Partial<Settings> {
  try {
    const known = JSON.parse(stored(KEY) ?? '{}') as Partial<Settings>
    return known.language && !['en', 'nl', 'nb'].includes(known.language)
      ? { ...known, language: undefined }
      : known
  } catch {
    return {}
  }
}
