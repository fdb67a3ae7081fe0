/** In which language the page speaks. Its texts are in `messages/`, one file a language; a missing text does not compile. */

import { en, type Messages } from './messages/en'
import { nb } from './messages/nb'
import { nl } from './messages/nl'

export type { Messages }
export const LANGUAGES = { en: 'English', nl: 'Nederlands', nb: 'Norsk' } as const
export type Language = keyof typeof LANGUAGES

const ALL: Record<Language, Messages> = { en, nl, nb }

export function messages(language: Language): Messages {
  return ALL[language]
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
