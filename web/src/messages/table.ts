/** What a compiled message is, and what it calls for numbers, dates and choices. */

export type Given = string | number | Date | undefined

export interface Formats {
  text(value: Given): string
  number(value: Given): string
  date(value: Given): string
  plural(value: Given, options: Record<string, () => string>): string
  select(value: Given, options: Record<string, () => string>): string
}

export type Table = Record<string, string | ((a: Record<string, Given>, f: Formats) => string)>

/** The formats of a language, by the browser's own rules for it. */
export function formats(language: string): Formats {
  const numbers = new Intl.NumberFormat(language)
  const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const rules = new Intl.PluralRules(language)
  return {
    text: (value) => String(value ?? ''),
    number: (value) => numbers.format(Number(value)),
    date: (value) => dates.format(value as Date),
    plural(value, options) {
      const exact = options[`=${String(value)}`]
      return (exact ?? options[rules.select(Number(value))] ?? options.other)?.() ?? ''
    },
    select: (value, options) => (options[String(value)] ?? options.other)?.() ?? '',
  }
}
