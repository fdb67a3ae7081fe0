/**
 * Passkeys: the browser, or what it is told to use, keeps a key that signs; the engine has what its signatures are checked
 * with. The calls of the engine, and what the browser does between them.
 */

import { call } from '../api'
import { posted, type Account } from './wire'

export interface Passkey {
  id: string
  name: string
  /** Where it works. */
  host: string
  /** ms UTC. */
  created: number
  /** null: never. */
  used: number | null
}

const { hostname, port } = location

/** Whether this browser can make and show passkeys here: they are bound to the name of a site that nobody can forge. */
export const possible =
  isSecureContext &&
  typeof PublicKeyCredential !== 'undefined' &&
  'parseCreationOptionsFromJSON' in PublicKeyCredential &&
  !/^[\d.]+$|^\[/.test(hostname)

/** Of an address in numbers that is this machine itself, the one by name. */
export const byName = /^127\.|^\[::1\]$/.test(hostname) ? `localhost${port && `:${port}`}` : undefined

/** Undefined where the engine takes none. */
export const fetchPasskeys = (): Promise<Passkey[] | undefined> =>
  call<{ passkeys: Passkey[] }>('/v1/account/passkeys').then(
    ({ passkeys }) => passkeys,
    () => undefined,
  )

export const removePasskey = (passkey: string): Promise<unknown> =>
  call(`/v1/account/passkeys/${encodeURIComponent(passkey)}`, { method: 'DELETE' })

/** Whether the engine takes passkeys. */
export const taken = (): Promise<boolean> =>
  call<{ passkeys: boolean }>('/v1/account').then(
    ({ passkeys }) => passkeys,
    () => false,
  )

/** Makes a passkey for the account that is signed in. */
export async function makePasskey(name: string, password: string): Promise<Passkey> {
  const options = await call<PublicKeyCredentialCreationOptionsJSON>(
    '/v1/account/passkeys/options',
    posted({ password }),
  )
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  const credential = told(await navigator.credentials.create({ publicKey }))
  return call('/v1/account/passkeys', posted({ name, credential }))
}

/** Shows a passkey, and is signed in as whoever made it. */
export async function showPasskey(): Promise<Account> {
  const options = await call<PublicKeyCredentialRequestOptionsJSON>('/v1/session/passkey/options', {
    method: 'POST',
  })
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  const credential = told(await navigator.credentials.get({ publicKey }))
  return call('/v1/session/passkey', posted({ credential }))
}

/** Whether somebody only closed the browser's window, or let it wait too long; browsers do not tell which. */
export const left = (error: unknown): boolean => says(error, 'NotAllowedError', 'AbortError')

/** Whether there is one for this account already, where one was to be made. */
export const known = (error: unknown): boolean => says(error, 'InvalidStateError')

const says = (error: unknown, ...names: string[]): boolean =>
  error instanceof DOMException && names.includes(error.name)

/** What a passkey made here would be called: browser and system, as far as the browser says. */
export function calledHere(): string {
  const agent = navigator.userAgent
  const known = (names: string[]) => names.find((name) => agent.includes(name))
  const browser = known(['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'])
  const system = known(['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'CrOS', 'Linux'])
  const full: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', CrOS: 'ChromeOS' }
  return [browser, system]
    .map((name) => name && (full[name] ?? name))
    .filter(Boolean)
    .join(', ')
}

function told(credential: Credential | null): PublicKeyCredentialJSON {
  return (credential as PublicKeyCredential).toJSON()
}
