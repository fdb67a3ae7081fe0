/** What steerable things and signals are called on the page. */

import type { Interest } from '../api'
import { named, t } from '../messages/say.svelte'
import { tellsTopic } from '../watch/topics'
import type { Hideable, Steerable } from './wire'

/** A hashtag with its sign, a word in quotes, others with what they are. */
export function nameOf(kind: string, name: string): string {
  if (kind === 'hashtag' || kind === 'topic') return `#${name}`
  if (kind === 'word') return t('quoted', { word: name })
  if (kind === 'author') return name
  if (kind === 'language') return languageName(name)
  if (kind === 'format') return named('format', name)
  if (kind === 'length') return name
  return t('soundNamed', { name })
}

/** What an interest can be steered by; undefined for those that are only learned. */
export function steerable({ kind }: Pick<Interest, 'kind'>): Steerable | undefined {
  if (kind === 'topic') return 'hashtag'
  return kind === 'author' || kind === 'sound' ? kind : undefined
}

/** Whether an interest says anything of a taste: hashtags that are put on any video do not, and come last. */
export function tellsMuch({ kind, name }: Pick<Interest, 'kind' | 'name'>): boolean {
  return !(kind === 'topic' || kind === 'hashtag') || tellsTopic(name)
}

/** The field of an event that names something. */
export function fieldOf(kind: Hideable, name: string): Partial<Record<Hideable, string>> {
  return { [kind]: name }
}

let names: Intl.DisplayNames | undefined
let namesIn = ''

export function languageName(code: string): string {
  const shown = document.documentElement.lang
  try {
    if (namesIn !== shown) names = new Intl.DisplayNames((namesIn = shown), { type: 'language' }) // some 10 ms on a phone
    return names?.of(code) ?? code
  } catch {
    return code
  }
}
