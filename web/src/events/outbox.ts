/**
 * Events wait here until the engine has acknowledged them, and outlive the page, a crash and time without a network. Each
 * keeps its id, so one that is sent twice counts once: what is not sure to have arrived is sent again.
 */

import { authorization } from '../access'
import { ApiError, postEvents, type FeedEvent } from '../api'
import { openQueue } from './queue'
import { abandoned, allTails, forget, jot, live, tail } from './tail'

const BATCH = 200
/** Beacons are limited to 64 kB together; 100 events are about 30 kB. */
const BEACON = 100
const GATHER_MS = 200
const LONGEST_PAUSE_MS = 30_000
/** One tab sends at a time. */
const LOCK = 'foryou.outbox'

const queue = openQueue()
/** Of this tab: what the engine has not acknowledged, for the last moment, when the queue cannot be read any more. */
const pending = new Map<string, FeedEvent>()
/** Told but still to be taken back: they go out later. */
const held = new Map<string, ReturnType<typeof setTimeout>>()
/** Still growing: not to be sent by anybody yet. */
let growing: string | undefined
let timer: ReturnType<typeof setTimeout> | undefined
let sending: Promise<void> | undefined
let pause = 1000

/** An event that happens now, with an id of its own. */
export function happened(event: Omit<FeedEvent, 'id' | 'at'>): FeedEvent {
  return { id: crypto.randomUUID(), at: Date.now(), ...event }
}

/** Add an event; it goes out within moments, together with its neighbours. */
export function send(event: FeedEvent): void {
  if (growing === event.id) growing = undefined
  pending.set(event.id, event)
  jot(event)
  plan(GATHER_MS)
}

/** Write down an event that may still grow, in case this page is never heard of again; `send` ends it. */
export function draft(event: FeedEvent): void {
  growing = event.id
  jot(event)
}

/** Send an event after `ms`, unless what is returned is called before; it goes out if the page is left meanwhile. */
export function hold(event: FeedEvent, ms: number): () => void {
  jot(event)
  held.set(
    event.id,
    setTimeout(() => {
      held.delete(event.id)
      send(event)
    }, ms),
  )
  return () => {
    clearTimeout(held.get(event.id))
    if (held.delete(event.id)) forget([event.id])
  }
}

function plan(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => void flush(), ms)
}

/** Send what waits. Resolves when it is acknowledged, or has failed and will be tried again. */
export function flush(): Promise<void> {
  clearTimeout(timer)
  sending ??= alone(drain)
    .catch(() => plan(pause))
    .finally(() => (sending = undefined))
  return sending
}

async function alone(work: () => Promise<void>): Promise<void> {
  await (navigator.locks ? navigator.locks.request(LOCK, work) : work())
}

async function drain(): Promise<void> {
  const into = await queue
  const left = await abandoned()
  await into.add(left.events)
  left.clear()
  do {
    const own = ready()
    await into.add(own)
    forget(own.map(({ id }) => id))
    for (let batch = await into.first(BATCH); batch.length; batch = await into.first(BATCH)) {
      if (!(await sent(batch))) return
      for (const { id } of batch) pending.delete(id)
      await into.remove(batch.map(({ id }) => id))
    }
  } while (ready().length) // more has happened meanwhile
}

/** What this tab has that nothing will be added to. */
function ready(): FeedEvent[] {
  return tail().filter(({ id }) => id !== growing && !held.has(id))
}

/** Whether a batch is done with: accepted, or refused for good. */
async function sent(batch: FeedEvent[]): Promise<boolean> {
  try {
    const receipt = await postEvents(batch)
    for (const { index, field, problem } of receipt.refused ?? []) {
      console.warn(`event ${batch[index]?.kind} refused: ${field} ${problem}`)
    }
  } catch (error) {
    if (!(error instanceof ApiError) || mayHeal(error.status)) {
      plan(pause)
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
      return false
    }
    console.warn(`events refused: ${error.message}`)
  }
  pause = 1000
  return true
}

/** No answer, no key yet, too many requests, or trouble on the engine's side; anything else would be refused again. */
function mayHeal(status: number): boolean {
  return status === 0 || status === 401 || status === 408 || status === 429 || status >= 500
}

/** The page is going away: hand everything to the browser. It stays here until a later page sees it acknowledged. */
function sendLast(): void {
  const events = [...new Map([...pending, ...tail().map((event) => [event.id, event] as const)]).values()]
  if (authorization().authorization) {
    if (events.length) postEvents(events.slice(0, BEACON)).catch(() => {}) // a beacon cannot say who it is from
    return
  }
  for (let from = 0; from < events.length; from += BEACON) {
    const body = JSON.stringify(events.slice(from, from + BEACON))
    if (!navigator.sendBeacon('/v1/events', new Blob([body], { type: 'application/json' }))) return
  }
}

/** Send what an earlier page left behind, and again whenever the network comes back; returns what stops it. */
export function start(): () => void {
  const again = () => void flush()
  live()
  addEventListener('online', again)
  addEventListener('pagehide', sendLast)
  again()
  return () => {
    removeEventListener('online', again)
    removeEventListener('pagehide', sendLast)
  }
}

/** What the engine has not acknowledged, in whichever tab it happened, the oldest first. */
export async function unsent(): Promise<FeedEvent[]> {
  const waiting = [...(await (await queue).first(BATCH)), ...allTails()]
  return waiting.sort((one, other) => one.at - other.at)
}
