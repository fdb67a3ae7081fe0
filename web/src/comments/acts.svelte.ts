/** What was done to comments from this page, and which of it has not arrived yet. */

import type { FeedEvent } from '../api'
import { flush, happened, hold, send, unsent } from '../events/outbox'

const KEPT = 200
const UNDO_MS = 6000
const KINDS = new Set(['comment', 'uncomment', 'like_comment', 'unlike_comment', 'pin', 'unpin'])

type Told = Omit<FeedEvent, 'id' | 'at'>

let acts = $state.raw<readonly FeedEvent[]>([])
let waiting = $state.raw<readonly string[]>([])
/** How many comments videos had when the engine last told their threads, and when that was asked (ms). */
let counts = $state.raw<Record<string, { count: number; asked: number }>>({})

/** In the order in which it was done, what earlier pages could not send included. */
export function actsOn(video: string): readonly FeedEvent[] {
  return acts.filter((act) => act.video === video)
}

/** The engine told the threads of a video. */
export function counted(video: string, count: number, asked: number): void {
  counts = { ...counts, [video]: { count, asked } }
}

/** How many comments a video has by now; `told` is what is known where its threads were not asked for. */
export function countOf(video: string, told: number | undefined): number | undefined {
  const known = counts[video]
  const before = known?.count ?? told
  if (before === undefined) return undefined
  const since = actsOn(video).filter(({ id, at }) => waits(id) || (known && at > known.asked))
  const more = since.filter(({ kind }) => kind === 'comment').length
  return Math.max(0, before + more - since.filter(({ kind }) => kind === 'uncomment').length)
}

/** Whether something has not reached the engine. */
export function waits(id: string): boolean {
  return waiting.includes(id)
}

/** Do something, from now on to be seen and as soon as may be told to the engine. */
export function act(told: Told): FeedEvent {
  const event = happened(told)
  acts = [...acts, event].slice(-KEPT)
  send(event)
  void arrived()
  return event
}

/** Do something that cannot be taken back once it is told: it waits for a moment. Returns what takes it back. */
export function actLater(told: Told): () => void {
  const event = happened(told)
  acts = [...acts, event].slice(-KEPT)
  const back = hold(event, UNDO_MS)
  return () => {
    acts = acts.filter(({ id }) => id !== event.id)
    back()
  }
}

/** Look what has arrived; resolves when that is known. */
export async function arrived(): Promise<void> {
  await flush()
  const left = (await unsent()).filter(({ kind }) => KINDS.has(kind))
  acts = [...left.filter(({ id }) => !acts.some((known) => known.id === id)), ...acts]
  waiting = left.map(({ id }) => id)
}

addEventListener('online', () => void arrived())
