/**
 * What this tab has just seen happen, written down at once: localStorage is the only store that is written before the next
 * line runs, so a page that is closed in the middle loses nothing. Each tab has its own tail and holds a lock while it lives;
 * the tails of tabs that are gone are taken over.
 */

import type { FeedEvent } from '../api'

const KEY = 'foryou.tail.'
const mine = KEY + crypto.randomUUID()

let events: FeedEvent[] = []

/** All that is not known to be in the queue yet. */
export function tail(): readonly FeedEvent[] {
  return events
}

/** The same of every tab that is or was open. */
export function allTails(): FeedEvent[] {
  return [...tailsOfOthers().flatMap(({ events }) => events), ...events]
}

/** Add an event, or write down anew what became of one. */
export function jot(event: FeedEvent): void {
  write([...events.filter(({ id }) => id !== event.id), event])
}

/** These are elsewhere now, or never were. */
export function forget(ids: readonly string[]): void {
  if (ids.length) write(events.filter(({ id }) => !ids.includes(id)))
}

function write(changed: FeedEvent[]): void {
  events = changed
  try {
    if (events.length) localStorage.setItem(mine, JSON.stringify(events))
    else localStorage.removeItem(mine)
  } catch {
    // Storage is full or forbidden: memory is all there is.
  }
}

/** Hold the lock that says that this tab lives, for as long as it does. */
export function live(): void {
  void navigator.locks?.request(mine, () => new Promise(() => undefined))
}

/** The events in tails of tabs that are gone, and what takes those tails away once the events are kept elsewhere. */
export async function abandoned(): Promise<{ events: FeedEvent[]; clear: () => void }> {
  const living = new Set(((await navigator.locks?.query())?.held ?? []).map(({ name }) => name))
  const found = tailsOfOthers().filter(({ key }) => !living.has(key))
  return {
    events: found.flatMap(({ events }) => events),
    clear: () => found.forEach(({ key }) => localStorage.removeItem(key)),
  }
}

function tailsOfOthers(): { key: string; events: FeedEvent[] }[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(KEY) && key !== mine)
      .map((key) => ({ key, events: read(key) }))
  } catch {
    return [] // storage is forbidden
  }
}

/** None where it cannot be read: that keeps back no other tail. */
function read(key: string): FeedEvent[] {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '[]') as FeedEvent[]
  } catch {
    return []
  }
}
