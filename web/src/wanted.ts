/** How this browser wants the page, as it was kept when somebody last changed it. */

import { stored } from './identity'
import type { Language } from './messages/languages'

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
  /** Which letters do what: `feed` goes from video to video with j and k, `player` about in a video. */
  keymap: 'feed' | 'player'
  /** Space goes to the next video instead of pausing. */
  spaceNext: boolean
}

export const KEY = 'foryou.settings'

/** What was changed; a language that is spoken no more does not count. */
export function kept(): Partial<Settings> {
  try {
    const known = JSON.parse(stored(KEY) ?? '{}') as Partial<Settings>
    return known.language && !['en', 'nl', 'nb'].includes(known.language)
      ? { ...known, language: undefined }
      : known
  } catch {
    return {}
  }
}
