/** Numbers and times as people read them, in the language of the page. */

import type { Language } from './messages/languages'

const AGES: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

const made = new Map<string, Intl.NumberFormat>()
const ages = new Map<Language, Intl.RelativeTimeFormat>()

/** Made once each: to make a format takes longer than to write a page of numbers with it. */
function format(language: Language, how: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language} ${JSON.stringify(how)}`
  const found = made.get(key) ?? new Intl.NumberFormat(language, how)
  made.set(key, found)
  return found
}

/** How long ago something was, from ms UTC. */
export function ago(at: number, language: Language, now = Date.now()): string {
  const seconds = (at - now) / 1000
  const [unit, size] = AGES.find(([, length]) => Math.abs(seconds) >= length) ?? ['minute', 60]
  const words = ages.get(language) ?? new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  ages.set(language, words)
  return words.format(Math.round(seconds / size), unit)
}

/** Seconds as m:ss. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** A part of a score: three decimals, with its sign. */
export function signed(value: number, language: Language, digits = 3): string {
  return decimals(value, language, digits, 'exceptZero')
}

export function plainNumber(value: number, language: Language, digits = 3): string {
  return decimals(value, language, digits, 'auto')
}

function decimals(
  value: number,
  language: Language,
  digits: number,
  signDisplay: 'auto' | 'exceptZero',
): string {
  const how = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay }
  return format(language, how).format(value)
}

/** A chance: in percent, with more digits for rare things. */
export function percent(value: number, language: Language): string {
  const digits = value < 0.001 ? 3 : value < 0.01 ? 2 : value < 0.1 ? 1 : 0
  return format(language, { style: 'percent', maximumFractionDigits: digits }).format(value)
}

/** A count in few characters: 12 K where it is 12,345. */
export function compact(value: number, language: Language): string {
  // Small ones are the same everywhere, and a browser's first format takes 20 ms to make.
  if (Number.isInteger(value) && value >= 0 && value < 1000) return String(value)
  return format(language, { notation: 'compact', maximumFractionDigits: 1 }).format(value)
}
