/**
 * A pause of learning "for this session" ends with the tab that asked for it: the tab holds a lock, and the next page that
 * finds the lock free ends the pause. A pause never outlasts half a day, should nobody come.
 */

import { happened, send } from '../events/outbox'
import { store, stored } from '../identity'
import { viewer } from '../viewer.svelte'

const KEY = 'foryou.pause'
const LOCK = 'foryou.pause'
export const LONGEST_MS = 12 * 3_600_000

/** From now on the pause lasts as long as this tab, for this viewer. */
export function pauseWithTab(): void {
  store(KEY, viewer.id)
  try {
    sessionStorage.setItem(KEY, viewer.id)
  } catch {
    // Storage is forbidden: half a day it is.
  }
  hold()
}

/** A pause that was asked for otherwise, or was ended, is no longer the tab's. */
export function forgetTabPause(): void {
  store(KEY, '')
}

/** As a page starts: go on holding the pause of this tab, or end that of a tab that is gone. */
export async function watchPause(): Promise<void> {
  const whose = stored(KEY)
  if (!whose || !navigator.locks) return
  if (own() === whose) return hold()
  const held = (await navigator.locks.query()).held ?? []
  if (held.some(({ name }) => name === LOCK)) return
  forgetTabPause()
  send(happened({ kind: 'viewer', viewer: whose, pause_until: 0 }))
}

function own(): string | null {
  try {
    return sessionStorage.getItem(KEY)
  } catch {
    return null
  }
}

function hold(): void {
  void navigator.locks?.request(LOCK, { mode: 'shared' }, () => new Promise(() => undefined))
}
