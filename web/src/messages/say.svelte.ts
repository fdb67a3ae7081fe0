/** In which language the page speaks, and its texts: `t('key', { arguments })`. A language is fetched when it is spoken. */

import { textsIn, wanted, type Language } from './languages'
import type { Messages } from './made/messages'
import { formats, type Formats, type Given, type Table } from './table'

export type Key = keyof Messages
/** A message that needs no arguments. */
export type Plain = { [K in Key]: Messages[K] extends null ? K : never }[Key]

let spoken = $state<Language>(wanted)
let table = $state.raw<Table>({})
let format: Formats = formats(wanted)

export function language(): Language {
  return spoken
}

/** Speak a language from now on: the one chosen before, or the first of the browser's that there is. */
export async function speak(chosen: Language = spoken): Promise<void> {
  const texts = await textsIn(chosen)
  format = formats(chosen)
  table = texts
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
