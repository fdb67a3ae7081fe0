/** What steerable things and signals are called on the page. */

import type { Interest } from '../api'
import { named, t } from '../messages/say.svelte'
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

/** The field of an event that names something. */
export function fieldOf(kind: Hideable, name: string): Partial<Record<Hideable, string>> {
  return { [kind]: name }
}

export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames(document.documentElement.lang, { type: 'language' }).of(code) ?? code
  } catch {
    return code
  }
}
