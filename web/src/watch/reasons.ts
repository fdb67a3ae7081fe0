/** Why a video is there, asked for before somebody asks: an explanation that is opened should be there at once. */

import { fetchExplanation, type Explanation } from '../api'
import { fetchReach, type Reach } from '../mine/wire'
import { language } from '../messages/say.svelte'
import type { Card } from './feed.svelte'

export interface Reason {
  told: Explanation
  /** How far the video has come; absent where that is not known. */
  reach: Reach | undefined
}

/** A card that is looked at for this long may be asked about. */
const LOOK_MS = 500
const KEEP = 6

const kept = new Map<string, Promise<Reason>>()
const keyOf = (card: Card) => `${language()} ${card.request} ${card.item.video}`

/** The reason of a card that a feed brought; what failed is asked for again. */
export function reasonOf(card: Card): Promise<Reason> {
  const key = keyOf(card)
  const found = kept.get(key) ?? asked(card)
  kept.delete(key)
  kept.set(key, found)
  found.catch(() => kept.get(key) === found && kept.delete(key))
  for (const old of [...kept.keys()].slice(0, -KEEP)) kept.delete(old)
  return found
}

/** Ask anew: what the viewer steered by has changed. */
export function reasonAnew(card: Card): Promise<Reason> {
  kept.clear()
  return reasonOf(card)
}

/** Fetch the reason and what shows it once a card was looked at for a moment; returns what stops that. */
export function foresee(card: Card | undefined): (() => void) | undefined {
  if (!card?.request) return undefined
  const timer = setTimeout(() => {
    import('./Why.svelte').catch(() => undefined) // it is asked for again when it is opened
    reasonOf(card).catch(() => undefined)
  }, LOOK_MS)
  return () => clearTimeout(timer)
}

async function asked(card: Card): Promise<Reason> {
  const { request, item } = card
  const [told, reach] = await Promise.all([
    fetchExplanation(request, item.video, language(), new AbortController().signal),
    fetchReach(item.video, language()).catch(() => undefined),
  ])
  return { told, reach }
}
