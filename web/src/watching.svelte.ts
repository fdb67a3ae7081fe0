/** Watches the watching: an impression when a card is really on screen, a watch with its seconds when it is left. */

import type { FeedEvent } from './api'
import type { Card, Feed } from './feed.svelte'
import { draft, happened, send, sendLast } from './outbox'
import { meter, type Meter } from './watch'

export interface Watching {
  /** Seconds that the current card has been looked at. */
  readonly seconds: number
  readonly paused: boolean
  pause(on: boolean): void
  /** Something lies over the card. */
  cover(on: boolean): void
  /** Start with a card; the function that is returned ends it. */
  begin(card: Card, feed: Feed): () => void
}

/** Where and under whom something happened to a card. */
export function context(card: Card, feed: Feed, viewer: string): Omit<FeedEvent, 'id' | 'at' | 'kind'> {
  return {
    viewer,
    video: card.item.video,
    session: feed.session,
    surface: feed.surface,
    ...(card.request ? { request: card.request } : {}),
    ...(card.item.position === undefined ? {} : { position: card.item.position }),
  }
}

interface Current {
  card: Card
  feed: Feed
  clock: Meter
  /** The watch event's id stays the same however often it is written down. */
  watch: FeedEvent
  shown: boolean
}

export function watching(): Watching {
  let seconds = $state(0)
  let paused = $state(false)
  let covered = false
  let current: Current | undefined
  let frame = 0

  function settle(): void {
    if (!current) return
    const { clock, card, feed } = current
    clock.when('visible', document.visibilityState === 'visible')
    clock.when('playing', !paused)
    clock.when('open', !covered)
    if (clock.running() && !current.shown) {
      current.shown = true
      send(happened({ kind: 'impression', ...context(card, feed, feed.watcher) }))
    }
    cancelAnimationFrame(frame)
    if (clock.running()) frame = requestAnimationFrame(tick)
  }

  function tick(): void {
    if (!current) return
    seconds = current.clock.seconds()
    frame = requestAnimationFrame(tick)
  }

  function begin(card: Card, feed: Feed): () => void {
    const watch = happened({ kind: 'watch', ...context(card, feed, feed.watcher) })
    const mine: Current = { card, feed, clock: meter(card.item.duration), watch, shown: false }
    current = mine
    seconds = 0
    paused = false
    mine.clock.when('start', true)
    settle()
    return () => {
      if (current === mine) finish()
    }
  }

  function finish(): void {
    if (!current) return
    cancelAnimationFrame(frame)
    current.clock.when('start', false)
    if (current.clock.started()) send(soFar(current))
    draft(undefined)
    current = undefined
  }

  function soFar({ watch, clock }: Current): FeedEvent {
    return { ...watch, at: Date.now(), ...clock.watched() }
  }

  function visibility(): void {
    settle()
    const hidden = document.visibilityState === 'hidden'
    draft(hidden && current?.clock.started() ? soFar(current) : undefined)
  }

  function leave(): void {
    const last = current
    finish()
    sendLast()
    addEventListener('pageshow', () => last && begin(last.card, last.feed), { once: true })
  }

  $effect(() => {
    document.addEventListener('visibilitychange', visibility)
    addEventListener('pagehide', leave)
    return () => {
      document.removeEventListener('visibilitychange', visibility)
      removeEventListener('pagehide', leave)
    }
  })

  return {
    get seconds() {
      return seconds
    },
    get paused() {
      return paused
    },
    pause(on) {
      paused = on
      settle()
    },
    cover(on) {
      covered = on
      settle()
    },
    begin,
  }
}
