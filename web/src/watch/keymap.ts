/** Which letter does what. There are two maps: one goes from video to video, one about in a video, as on YouTube. */

import { settings } from '../settings.svelte'

export const KEYMAPS = ['feed', 'player'] as const
type Keymap = (typeof KEYMAPS)[number]

/** What the maps differ in; an empty letter: there is none. */
type Differs = 'next' | 'previous' | 'back' | 'pause' | 'on' | 'like'

const LETTERS: Record<Keymap, Record<Differs, string>> = {
  feed: { next: 'j', previous: 'k', back: '', pause: '', on: '', like: 'l' },
  player: { next: '', previous: '', back: 'j', pause: 'k', on: 'l', like: 'u' },
}

export function letterOf(what: Differs): string {
  return LETTERS[settings.keymap][what]
}
