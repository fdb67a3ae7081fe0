/**
 * Who is signed in. The session is a cookie that no script can read; what the engine told of the account is kept here, so
 * that the page knows whose it is before it asks. Without an account one is a guest, with a viewer of this browser's own.
 */

import { ApiError } from '../api'
import { flush } from '../events/outbox'
import { keepMarks, newGuest, own, ownViewer, store, stored } from '../identity'
import { settings } from '../settings.svelte'
import { viewer } from '../viewer.svelte'
import * as wire from './wire'
import type { Account } from './wire'

const KEY = 'foryou.account'
/** Who this browser was before somebody signed in who was somebody else. */
const GUEST = 'foryou.viewer.guest'
const DEFAULTS = 'foryou.defaults.'

let known = $state.raw<Account | undefined>(kept())

/** Undefined for a guest. */
export function account(): Account | undefined {
  return known
}

function kept(): Account | undefined {
  try {
    return (JSON.parse(stored(KEY) ?? 'null') as Account | null) ?? undefined
  } catch {
    return undefined
  }
}

addEventListener('storage', (event) => {
  if (event.key !== KEY) return
  known = kept()
  own(stored('foryou.viewer.own') ?? ownViewer())
  viewer.become('')
})

/** Ask the engine whether the session goes on, where there was one. */
export async function recognise(): Promise<void> {
  if (!known) return
  try {
    const told = await wire.fetchAccount()
    if (told) enter(told)
    else leave()
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) leave()
  }
}

/** Sign up. The guest's viewer becomes the account's, unless somebody else's is looked through. */
export async function signUp(who: Omit<wire.Introduction, 'adopt'>): Promise<void> {
  await flush()
  const guest = ownViewer()
  enter(await wire.signUp({ ...who, ...(guest.startsWith('web-') ? { adopt: guest } : {}) }))
}

export const signIn = (name: string, password: string): Promise<Account> =>
  enterBy(() => wire.signIn(name, password))

/** Sign in by whatever tells whose account it is. */
export async function enterBy(tells: () => Promise<Account>): Promise<Account> {
  await flush() // what the guest did is the guest's
  const told = await tells()
  if (told.viewer !== ownViewer()) store(GUEST, ownViewer())
  enter(told)
  return told
}

export async function signOut(everywhere = false): Promise<void> {
  await flush()
  await wire.signOut(everywhere)
  leave()
}

/** Delete the account with all that is known of its viewer. */
export async function deleteAccount(password: string): Promise<void> {
  const gone = known?.viewer
  await wire.deleteAccount(password)
  if (gone) keepMarks(gone, { like: [], save: [], follow: [], not_interested: [] })
  leave()
}

function enter(told: Account): void {
  known = told
  store(KEY, JSON.stringify(told))
  own(told.viewer)
  viewer.become('')
  if (stored(DEFAULTS + told.viewer)) return
  store(DEFAULTS + told.viewer, '1')
  if (!told.defaults.autoplay) settings.autoplay = false
  if (told.defaults.stop_after_min) settings.stopAfter = told.defaults.stop_after_min
}

function leave(): void {
  known = undefined
  store(KEY, 'null')
  own(stored(GUEST) || newGuest())
  store(GUEST, '')
  viewer.become('')
}
