/**
 * The next videos, as they would be with what is being asked. A change is told to the engine once its effect was seen:
 * a preview compares a feed with changes to the one without, so it has to come first.
 */

import { flush, happened, hold, send } from '../events/outbox'
import { language } from '../messages/say.svelte'
import { viewer } from '../viewer.svelte'
import type { Wish } from './steer'
import { fetchPreview, type Preview } from './wire'

/** While a slider moves, the engine is asked this long after the last move. */
const REST_MS = 200
/** How long a change waits for its preview. */
const PATIENCE_MS = 4000

export interface Ahead {
  readonly preview: Preview | undefined
  readonly busy: boolean
  readonly failed: boolean
  /** What would come now. */
  look(): void
  /** What would come with this, which is not asked yet. */
  attempt(wish: Wish): void
  /** Ask for this; resolves once the engine knows it. */
  ask(wish: Wish): Promise<void>
  /** Whoever leaves has asked all that they will. */
  leave(): void
}

export function openAhead(): Ahead {
  let preview = $state.raw<Preview>()
  let busy = $state(false)
  let failed = $state(false)
  let asking = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting: readonly { wish: Wish; goes: () => void }[] = []

  async function fetched(more: readonly Wish[]): Promise<void> {
    clearTimeout(timer)
    asking.abort()
    asking = new AbortController()
    const mine = asking
    busy = true
    try {
      const wishes = [...waiting.map(({ wish }) => wish), ...more]
      const answer = await fetchPreview(viewer.id, wishes, language(), mine.signal)
      if (mine === asking) [preview, failed] = [answer, false]
    } catch {
      if (mine === asking) failed = true
    } finally {
      if (mine === asking) busy = false
    }
  }

  function sendAll(): void {
    const all = waiting
    waiting = []
    for (const { goes } of all) goes()
  }

  return {
    get preview() {
      return preview
    },
    get busy() {
      return busy
    },
    get failed() {
      return failed
    },
    look() {
      void flush().then(() => fetched([]))
    },
    attempt(wish) {
      clearTimeout(timer)
      timer = setTimeout(() => void fetched([wish]), REST_MS)
    },
    async ask(wish) {
      const event = happened({ ...wish, viewer: viewer.id })
      const back = hold(event, 2 * PATIENCE_MS)
      const goes = () => {
        back()
        send(event)
      }
      waiting = [...waiting, { wish, goes }]
      await Promise.race([fetched([]), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))])
      sendAll()
      await flush()
    },
    leave() {
      clearTimeout(timer)
      sendAll()
    },
  }
}
