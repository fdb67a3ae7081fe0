/** In which language the page speaks, and its texts: `t('key', { arguments })`. A language is fetched when it is spoken. */

import { settings } from '../settings.svelte'
import type { Messages } from './made/messages'
import { formats, type Formats, type Given, type Table } from './table'

export const LANGUAGES = { en: 'English', nl: 'Nederlands', nb: 'Norsk' } as const
export type Language = keyof typeof LANGUAGES
export type Key = keyof Messages
/** A message that needs no arguments. */
export type Plain = { [K in Key]: Messages[K] extends null ? K : never }[Key]

const TABLES: Record<Language, () => Promise<{ default: Table }>> = {
  en: () => import('./made/en'),
  nl: () => import('./made/nl'),
  nb: () => import('./made/nb'),
}

const first = settings.language ?? preferred(navigator.languages)
let spoken = $state<Language>(first)
let table = $state.raw<Table>({})
let format: Formats = formats(first)

export function language(): Language {
  return spoken
}

/** Speak a language from now on: the one chosen before, or the first of the browser's that there is. */
export async function speak(chosen: Language = spoken): Promise<void> {
  const fetched = await TABLES[chosen]()
  format = formats(chosen)
  table = fetched.default
  spoken = chosen
  document.documentElement.lang = chosen
}

export function t<K extends Key>(key: K, ...given: Messages[K] extends null ? [] : [Messages[K]]): string {
  return told(key, given[0] as Record<string, Given> | undefined)
}

/** What something of the engine is called (`named('source', 'popular')`); its own name where the page has no word for it. */
export function named(group: string, name: string): string {
  const key = `${group}.${name}`
  return key in table ? told(key, undefined) : name
}

function told(key: string, given: Record<string, Given> | undefined): string {
  const message = table[key]
  return typeof message === 'function' ? message(given ?? {}, format) : (message ?? key)
}

/** The first language of the browser that the page speaks. */
export function preferred(languages: readonly string[]): Language {
  for (const wanted of languages) {
    const short = wanted.toLowerCase().split('-')[0] ?? ''
    if (short === 'no' || short === 'nn') return 'nb'
    if (short in LANGUAGES) return short as Language
  }
  return 'en'
}
