/** What the engine found wrong with a form, beside the field that it is about and in the page's language. */

import { ApiError } from '../api'
import { t, type Plain } from '../messages/say.svelte'

/** By the name of the field; under '' what is about the form as a whole. */
export type Problems = Readonly<Record<string, string>>

export const NAME = { least: 2, most: 40 } as const
export const PASSWORD = { least: 8, most: 200 } as const
const TOO_YOUNG = 403
const SIGNED_OUT = 401
const TOO_OFTEN = 429
/** What is no field of a form. */
const WHOLE: Readonly<Record<string, Plain>> = {
  passkey: 'passkeyGone',
  credential: 'formFailed',
  challenge: 'formFailed',
}

export function problemsOf(error: unknown): Problems {
  if (!(error instanceof ApiError)) return { '': t('formFailed') }
  if (error.status === 0) return { '': t('formOffline') }
  if (error.status === TOO_OFTEN) return { '': t('tooOften') }
  const { field = '', problem = '', expected = '' } = error.wrong ?? {}
  if (field === 'birth_year' && error.status === TOO_YOUNG) return { birth_year: t('tooYoung') }
  if (field === 'name' && problem === 'is taken') return { name: t('nameTaken') }
  const said = WHOLE[field]
  if (said) return { '': t(said) }
  if (field === 'password') return { [field]: passwordProblem(error.status) }
  return { [field]: [problem, expected].filter(Boolean).join(' · ') || t('formFailed') }
}

function passwordProblem(status: number): string {
  if (status === SIGNED_OUT) return t('signInWrong')
  return status === TOO_YOUNG ? t('passwordWrong') : t('passwordLength', PASSWORD)
}

/** What can be told before the engine is asked. */
export function nameProblem(name: string): string {
  const length = [...name.trim()].length
  return length < NAME.least || length > NAME.most ? t('nameLength', NAME) : ''
}

export function wantedPasswordProblem(password: string): string {
  return password.length < PASSWORD.least || password.length > PASSWORD.most
    ? t('passwordLength', PASSWORD)
    : ''
}

export function yearProblem(year: string, now: number): string {
  const n = Number(year)
  return /^\d{4}$/.test(year.trim()) && n >= 1900 && n <= now ? '' : t('yearWrong')
}

/** How hard a password is to guess, from 0 (at once) to 3. */
export function strength(password: string, name: string): 0 | 1 | 2 | 3 {
  if (password.length < PASSWORD.least) return 0
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(password)).length
  const different = new Set(password).size
  const told = name.trim().length > 2 && password.toLowerCase().includes(name.trim().toLowerCase())
  if (told || different < 5) return 1
  const score = password.length + 3 * kinds
  return score >= 22 && different >= 8 ? 3 : score >= 16 ? 2 : 1
}
