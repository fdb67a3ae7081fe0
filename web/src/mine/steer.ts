/**
 * What viewers ask of their feed. It counts from the next feed on, and can be taken back for 6 s: by its opposite where
 * there is one; what cannot be undone is held back for as long.
 */

import type { FeedEvent } from '../api'
import { flush, happened, hold, send } from '../events/outbox'
import { hush, tell } from '../toasts.svelte'
import { viewer } from '../viewer.svelte'

export type Wish = Omit<FeedEvent, 'id' | 'at' | 'viewer'>

export const MORE = 1.5
export const LESS = 0.5
export const AS_LEARNED = 1
const UNDO_MS = 6000

/** What is held back, each with what lets it go. */
const held = new Set<() => void>()

/** Ask; resolves once the engine knows, or has failed to answer and will be told later. */
export async function ask(wish: Wish): Promise<void> {
  send(happened({ ...wish, viewer: viewer.id }))
  await flush()
}

/** Ask for what cannot be taken back: it is told only after 6 s without an undo. `done`: it is known, or it was undone. */
export function askLater(wish: Wish, text: string, done: (asked: boolean) => void): void {
  const event = happened({ ...wish, viewer: viewer.id })
  const back = hold(event, 2 * UNDO_MS) // the timer below is earlier; this keeps it if the page is left
  const timer = setTimeout(goes, UNDO_MS)
  held.add(goes)
  tell(text, () => {
    if (!held.delete(goes)) return
    clearTimeout(timer)
    back()
    done(false)
  })

  function goes(): void {
    if (!held.delete(goes)) return
    clearTimeout(timer)
    back()
    send(event)
    void flush().then(() => done(true))
  }
}

/** Let go of what is held back: whoever leaves a page is done with it. */
export function settle(): void {
  if (held.size) hush()
  for (const goes of [...held]) goes()
}
