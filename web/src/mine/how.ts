/** How the feed works, fetched once a language and kept while the page is open. */

import type { Language } from '../messages/languages'
import { fetchHow, type How } from './wire'

const kept = new Map<Language, Promise<How>>()

export function howIn(language: Language): Promise<How> {
  const found = kept.get(language) ?? fetchHow(language)
  kept.set(language, found)
  found.catch(() => kept.delete(language))
  return found
}
