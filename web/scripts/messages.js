/**
 * Compiles the messages (ICU, one JSON file a language) to TypeScript, so that the page carries no parser and asks for each
 * with the arguments that it needs. It ends with an error where a language lacks a message, has one too many, or where
 * arguments differ.
 */

import { parse, TYPE } from '@formatjs/icu-messageformat-parser'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MESSAGES = fileURLToPath(new URL('../src/messages', import.meta.url))
const MADE = join(MESSAGES, 'made')
const REFERENCE = 'en'

/** The arguments of a message, by name: 'number', 'date' or 'text'. */
function argumentsOf(parts, found = {}) {
  for (const part of parts) {
    if (part.type === TYPE.literal || part.type === TYPE.pound) continue
    if (part.type === TYPE.tag) throw new Error(`<${part.value}>: messages are texts, without tags`)
    const numeric = part.type === TYPE.plural || part.type === TYPE.number
    found[part.value] = numeric
      ? 'number'
      : part.type === TYPE.date || part.type === TYPE.time
        ? 'date'
        : 'text'
    for (const option of Object.values(part.options ?? {})) argumentsOf(option.value, found)
  }
  return found
}

/** The TypeScript expression of a message; `n` is what # stands for. */
function expression(parts, n) {
  if (parts.every((part) => part.type === TYPE.literal))
    return JSON.stringify(parts.map((part) => part.value).join(''))
  return parts.map((part) => piece(part, n)).join(' + ')
}

function piece(part, n) {
  const given = `a[${JSON.stringify(part.value)}]`
  if (part.type === TYPE.literal) return JSON.stringify(part.value)
  if (part.type === TYPE.pound) return `f.number(${n})`
  if (part.type === TYPE.argument) return `f.text(${given})`
  if (part.type === TYPE.number) return `f.number(${given})`
  if (part.type === TYPE.date) return `f.date(${given})`
  if (part.type === TYPE.plural || part.type === TYPE.select) {
    const inner = part.type === TYPE.plural ? given : n
    const options = Object.entries(part.options).map(
      ([name, option]) => `${JSON.stringify(name)}: () => ${expression(option.value, inner) || '""'}`,
    )
    return `f.${part.type === TYPE.plural ? 'plural' : 'select'}(${given}, { ${options.join(', ')} })`
  }
  throw new Error(`a part of type ${part.type}: only text, number, date, plural and select are known`)
}

function read(language) {
  const messages = JSON.parse(readFileSync(join(MESSAGES, `${language}.json`), 'utf8'))
  return Object.fromEntries(
    Object.entries(messages).map(([key, text]) => {
      try {
        const parts = parse(text)
        return [key, { parts, needs: argumentsOf(parts) }]
      } catch (error) {
        throw new Error(`${language}.json, ${key}: ${error.message}`, { cause: error })
      }
    }),
  )
}

/** What is wrong with a language beside the reference, as sentences. */
function problems(language, messages, reference) {
  const told = (needs) => JSON.stringify(Object.entries(needs).sort())
  return [
    ...Object.keys(reference)
      .filter((key) => !(key in messages))
      .map((key) => `${language}.json has no ${key}`),
    ...Object.keys(messages)
      .filter((key) => !(key in reference))
      .map((key) => `${language}.json has ${key}, which ${REFERENCE}.json has not`),
    ...Object.keys(messages)
      .filter((key) => key in reference && told(messages[key].needs) !== told(reference[key].needs))
      .map(
        (key) =>
          `${language}.json, ${key}: its arguments are ${told(messages[key].needs)}, not ${told(reference[key].needs)}`,
      ),
  ]
}

function compiled(messages) {
  const lines = Object.entries(messages).map(([key, { parts, needs }]) => {
    const made = expression(parts, 'undefined') || '""'
    return `  ${JSON.stringify(key)}: ${Object.keys(needs).length ? `(a, f) => ${made}` : made},`
  })
  return `import type { Table } from '../table'\n\nexport default {\n${lines.join('\n')}\n} satisfies Table\n`
}

function types(reference) {
  const of = { number: 'number', date: 'Date', text: 'string | number' }
  const lines = Object.entries(reference).map(([key, { needs }]) => {
    const given = Object.entries(needs).map(([name, kind]) => `${JSON.stringify(name)}: ${of[kind]}`)
    return `  ${JSON.stringify(key)}: ${given.length ? `{ ${given.join('; ')} }` : 'null'}`
  })
  return `export interface Messages {\n${lines.join('\n')}\n}\n`
}

const languages = readdirSync(MESSAGES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''))
const all = Object.fromEntries(languages.map((language) => [language, read(language)]))
const wrong = languages.flatMap((language) => problems(language, all[language], all[REFERENCE]))
if (wrong.length) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
mkdirSync(MADE, { recursive: true })
for (const language of languages) writeFileSync(join(MADE, `${language}.ts`), compiled(all[language]))
writeFileSync(join(MADE, 'messages.ts'), types(all[REFERENCE]))
