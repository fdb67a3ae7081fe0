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

/** The formats of a language, by the browser's own rules for it; each is made when it is first used, which takes long. */
export function formats(language: string): Formats {
  let numbers: Intl.NumberFormat | undefined
  let dates: Intl.DateTimeFormat | undefined
  let rules: Intl.PluralRules | undefined
  return {
    text: (value) => String(value ?? ''),
    number: (value) => (numbers ??= new Intl.NumberFormat(language)).format(Number(value)),
    date: (value) =>
      (dates ??= new Intl.DateTimeFormat(language, { dateStyle: 'medium' })).format(value as Date),
    plural(value, options) {
      const exact = options[`=${String(value)}`]
      if (exact) return exact()
      rules ??= new Intl.PluralRules(language)
      return (options[rules.select(Number(value))] ?? options.other)?.() ?? ''
    },
    select: (value, options) => (options[String(value)] ?? options.other)?.() ?? '',
  }
}
