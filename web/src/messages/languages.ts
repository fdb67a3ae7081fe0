/** The languages of the page: which of them a browser wants, and where its texts are. It knows nothing of what is shown. */

import { kept } from '../wanted'
import type { Table } from './table'

export const LANGUAGES = { en: 'English', nl: 'Nederlands', nb: 'Norsk' } as const
export type Language = keyof typeof LANGUAGES

const TABLES: Record<Language, () => Promise<{ default: Table }>> = {
  en: () => import('./made/en'),
  nl: () => import('./made/nl'),
  nb: () => import('./made/nb'),
}

/** The language that was chosen before, or the first of the browser's that there is. */
export const wanted: Language = kept().language ?? preferred(navigator.languages)

/** The texts of a language; fetched once. */
export async function textsIn(language: Language): Promise<Table> {
  return (await TABLES[language]()).default
}

function preferred(languages: readonly string[]): Language {
  for (const wanted of languages) {
    const short = wanted.toLowerCase().split('-')[0] ?? ''
    if (short === 'no' || short === 'nn') return 'nb'
    if (short in LANGUAGES) return short as Language
  }
  return 'en'
}
