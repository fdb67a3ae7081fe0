/** What people are called where they have told no name. */

import { t } from '../messages/say.svelte'

const GUEST = 'web-'

export function called(name: string): string {
  return name.startsWith(GUEST) ? t('guestNamed', { id: name.slice(-4) }) : name
}

/** Some names and how many there are in all, as a sentence has them. */
export function calledAll(names: readonly string[], count: number, language: string): string {
  const known = names.slice(0, count > names.length ? 2 : 3).map(called)
  const others = count - known.length
  const all = others > 0 ? [...known, t('others', { n: others })] : known
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(all)
}
