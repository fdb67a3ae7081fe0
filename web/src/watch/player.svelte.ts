/** Plays the current card, and watches the watching: an impression when it is on screen, a watch with its seconds when it is left. */

import type { FeedEvent } from '../api'
import { draft, happened, send } from '../events/outbox'
import { settings } from '../settings.svelte'
import type { Card, Feed } from './feed.svelte'
import type { Medium } from './medium'
import { meter, type Meter } from './meter'

/** Why it does not play. */
type Reason = 'viewer' | 'hidden' | 'covered' | 'stop'

interface Current {
  card: Card
  feed: Feed
  medium: Medium
  meter: Meter
  /** The watch event's id stays the same however often it is written down. */
  watch: FeedEvent
  shown: boolean
}

/** How often what was watched so far is written down. */
const DRAFT_MS = 1000

let time = $state(0)
let duration = $state(0)
let replays = $state(0)
let fast = $state(false)
/** The browser plays no sound before somebody has touched the page. */
let blocked = $state(false)
/** Seconds watched since the page was opened, or since the stop card was answered. */
let sitting = $state(0)
let reasons = $state.raw<ReadonlySet<Reason>>(new Set())
let current: Current | undefined
let frame = 0
/** Where a card stood whose page was left: if it comes back, it goes on there. */
const places = new WeakMap<Card, number>()
let drafted = 0

export const player = {
  /** Where the current video stands, in seconds. */
  get time() {
    return time
  },
  /** 0 where it is not known. */
  get duration() {
    return duration
  },
  get replays() {
    return replays
  },
  get paused() {
    return reasons.has('viewer')
  },
  get fast() {
    return fast
  },
  get silent() {
    return blocked || !settings.sound
  },
  get stopped() {
    return reasons.has('stop')
  },
  begin,
  pause: (on: boolean) => because('viewer', on),
  /** Something lies over the card. */
  cover: (on: boolean) => because('covered', on),
  goOn(): void {
    sitting = 0
    because('stop', false)
  },
  /** Sound on or off; on is what a first tap means. */
  loud(on: boolean): void {
    blocked = false
    settings.sound = on
    apply()
  },
  /** Hold for double speed. */
  hold(on: boolean): void {
    fast = on
    apply()
  },
  speed(to: number): void {
    settings.speed = to
    apply()
  },
  seek,
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

/** Start with a card; the function that is returned ends it. */
function begin(card: Card, feed: Feed, medium: Medium): () => void {
  finish()
  const watch = happened({ kind: 'watch', ...context(card, feed, feed.watcher) })
  const mine: Current = { card, feed, medium, meter: meter(), watch, shown: false }
  current = mine
  time = replays = 0
  duration = lengthOf(mine)
  fast = false
  reasons = new Set([...reasons].filter((reason) => reason !== 'viewer'))
  if (!settings.autoplay) reasons = new Set([...reasons, 'viewer'])
  const place = places.get(card)
  if (place && !medium.currentTime) medium.currentTime = place
  mine.meter.jump(medium.currentTime)
  settle()
  return () => {
    if (current === mine) finish()
  }
}

function because(reason: Reason, holds: boolean): void {
  if (holds === reasons.has(reason)) return
  reasons = new Set(holds ? [...reasons, reason] : [...reasons].filter((other) => other !== reason))
  settle()
}

function settle(): void {
  cancelAnimationFrame(frame)
  if (!current) return
  const { medium } = current
  if (document.visibilityState === 'visible' && !current.shown && !reasons.has('covered')) {
    current.shown = true
    send(happened({ kind: 'impression', ...context(current.card, current.feed, current.feed.watcher) }))
  }
  sample()
  if (reasons.size) return medium.pause()
  apply()
  void start(current)
  frame = requestAnimationFrame(tick)
}

async function start(mine: Current): Promise<void> {
  try {
    await mine.medium.play()
  } catch (error) {
    if (current !== mine || (error as DOMException).name !== 'NotAllowedError') return
    if (mine.medium.muted) return because('viewer', true)
    blocked = true
    apply()
    void start(mine)
  }
}

function apply(): void {
  if (!current) return
  sample()
  const rate = fast ? 2 : settings.speed
  const { medium } = current
  if (medium.playbackRate !== rate) medium.playbackRate = rate
  medium.muted = player.silent
}

/** Take down what was played since the last time. */
function sample(): void {
  if (!current) return
  const { medium } = current
  const before = current.meter.watched().seconds
  time = medium.currentTime
  duration = lengthOf(current)
  current.meter.advance(time, medium.playbackRate, duration)
  const watched = current.meter.watched()
  replays = watched.replays
  sitting += watched.seconds - before
}

function tick(now: number): void {
  sample()
  if (now - drafted > DRAFT_MS && current?.meter.started()) {
    drafted = now
    draft(soFar(current))
  }
  if (settings.stopAfter && sitting >= settings.stopAfter * 60) because('stop', true)
  if (!reasons.size) frame = requestAnimationFrame(tick)
}

function seek(to: number): void {
  if (!current) return
  sample()
  const { medium, meter } = current
  medium.currentTime = Math.max(0, Math.min(to, duration || to))
  time = medium.currentTime
  meter.jump(time)
}

/** What the file says, or else what is known of the video. */
function lengthOf({ medium, card }: Current): number {
  return Number.isFinite(medium.duration) ? medium.duration : (card.item.duration ?? 0)
}

/** A card that was seen and could have played is a watch, of 0 s if it was swiped away at once. */
function finish(): void {
  if (!current) return
  cancelAnimationFrame(frame)
  sample()
  const { card, feed, medium, meter, shown } = current
  if (feed.cards[feed.index] === card) places.set(card, time)
  else places.delete(card)
  medium.pause()
  if (shown && (meter.started() || medium.readyState >= 2)) send(soFar(current))
  current = undefined
  if (medium.currentTime > 0 && medium.readyState > 0) medium.currentTime = 0
}

function soFar({ watch, meter }: Current): FeedEvent {
  return { ...watch, at: Date.now(), ...meter.watched() }
}

function visibility(): void {
  because('hidden', document.visibilityState === 'hidden')
  if (current?.meter.started()) draft(soFar(current))
}

/** Before the outbox hands out what there is: both listen to `pagehide`, this one first. */
function leave(): void {
  const last = current
  finish()
  if (last) addEventListener('pageshow', () => begin(last.card, last.feed, last.medium), { once: true })
}

document.addEventListener('visibilitychange', visibility)
addEventListener('pagehide', leave)
