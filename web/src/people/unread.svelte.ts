/** How much of the inbox is new, asked for now and then while the page is in sight. */

import { viewer } from '../viewer.svelte'
import { fetchInbox } from './wire'

const FIRST_MS = 2500
const REFRESH_MS = 60_000

let count = $state(0)

export function unread(): number {
  return count
}

/** All of it was read, or this much is left. */
export function told(left: number): void {
  count = left
}

/** Ask from now on; to be called in an effect, and returns what stops it. */
export function watchInbox(): () => void {
  const who = viewer.id
  let left = false
  const ask = (): void =>
    void fetchInbox(who, '', 1).then(
      (page) => left || (count = page.unread),
      () => undefined, // nothing is new as far as anybody knows
    )
  count = 0
  const first = setTimeout(ask, FIRST_MS)
  const timer = setInterval(() => document.visibilityState === 'visible' && ask(), REFRESH_MS)
  return () => {
    left = true
    clearTimeout(first)
    clearInterval(timer)
  }
}
