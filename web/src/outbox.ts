/**
 * Events wait here until the engine has acknowledged them. They are in localStorage, so they outlive the page and time
 * without a network; each keeps its id, so one that is sent twice counts once.
 */

import { authorization } from './access'
import { ApiError, postEvents, type FeedEvent } from './api'

const KEY = 'foryou.outbox'
const DRAFT = 'foryou.draft'
const BATCH = 200
/** Beacons are limited to 64 kB together; 100 events are about 30 kB. */
const BEACON = 100
const KEEP = 2000
const GATHER_MS = 200
const LONGEST_PAUSE_MS = 30_000

let memory: FeedEvent[] = []
let timer: ReturnType<typeof setTimeout> | undefined
let sending: Promise<void> | undefined
let pause = 1000

function waiting(): FeedEvent[] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]') as FeedEvent[]
  } catch {
    return memory
  }
}

function keep(events: FeedEvent[]): void {
  memory = events.slice(-KEEP)
  try {
    localStorage.setItem(KEY, JSON.stringify(memory))
  } catch {
    // Storage is full or forbidden: this page's memory is all there is.
  }
}

/** An event that happens now, with an id of its own. */
export function happened(event: Omit<FeedEvent, 'id' | 'at'>): FeedEvent {
  return { id: crypto.randomUUID(), at: Date.now(), ...event }
}

/** Add an event; it goes out within moments, together with its neighbours. */
export function send(event: FeedEvent): void {
  keep([...waiting(), event])
  plan(GATHER_MS)
}

/** Keep an event that may still grow, in case this page is never heard of again; `undefined` forgets it. */
export function draft(event: FeedEvent | undefined): void {
  try {
    if (event) localStorage.setItem(DRAFT, JSON.stringify(event))
    else localStorage.removeItem(DRAFT)
  } catch {
    // Storage is full or forbidden: then it is lost with the page.
  }
}

function adopt(): void {
  try {
    const left = localStorage.getItem(DRAFT)
    if (left) keep([...waiting(), JSON.parse(left) as FeedEvent])
  } catch {
    // What cannot be read cannot be sent.
  }
  draft(undefined)
}

function plan(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => void flush(), ms)
}

/** Send what waits. Resolves when it is acknowledged, or has failed and will be tried again. */
export function flush(): Promise<void> {
  clearTimeout(timer)
  sending ??= drain().finally(() => (sending = undefined))
  return sending
}

async function drain(): Promise<void> {
  for (let batch = waiting().slice(0, BATCH); batch.length; batch = waiting().slice(0, BATCH)) {
    try {
      const receipt = await postEvents(batch)
      for (const { index, field, problem } of receipt.refused ?? []) {
        console.warn(`event ${batch[index]?.kind} refused: ${field} ${problem}`)
      }
    } catch (error) {
      if (!(error instanceof ApiError) || mayHeal(error.status)) {
        plan(pause)
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
        return
      }
      console.warn(`events refused: ${error.message}`)
    }
    pause = 1000
    const done = new Set(batch.map((event) => event.id))
    keep(waiting().filter((event) => !done.has(event.id)))
  }
}

/** No answer, no key yet, too many requests, or trouble on the engine's side; anything else would be refused again. */
function mayHeal(status: number): boolean {
  return status === 0 || status === 401 || status === 408 || status === 429 || status >= 500
}

/** The page is going away: hand everything to the browser. It stays here until a later page sees it acknowledged. */
export function sendLast(): void {
  const events = waiting()
  if (authorization().authorization) {
    if (events.length) postEvents(events.slice(0, BEACON)).catch(() => {}) // a beacon cannot say who it is from
    return
  }
  for (let from = 0; from < events.length; from += BEACON) {
    const body = JSON.stringify(events.slice(from, from + BEACON))
    if (!navigator.sendBeacon('/v1/events', new Blob([body], { type: 'application/json' }))) return
  }
}

/** Send what an earlier page left behind, and again whenever the network comes back. */
export function start(): () => void {
  adopt()
  const again = () => void flush()
  addEventListener('online', again)
  again()
  return () => removeEventListener('online', again)
}
