/** What a viewer liked, saved, followed or rejected: one state for every card, feed and tab.
 * What is so is the engine's record, whatever device it came from; what is kept here shows it at once, and without a
 * network. */

import { fetchMarks, type FeedEvent } from '../api'
import { flush, happened, send, unsent } from '../events/outbox'
import { keepMarks, marksOf, type Mark, type Marks } from '../identity'
import { viewer } from '../viewer.svelte'
import type { Card, Feed } from './feed.svelte'
import { context } from './player.svelte'

const OPPOSITES: Record<Mark, string> = {
  like: 'unlike',
  save: 'unsave',
  follow: 'unfollow',
  not_interested: 'interested',
}

const KINDS = Object.keys(OPPOSITES) as Mark[]

let whose = $state(viewer.id)
let marks = $state.raw<Marks>(marksOf(viewer.id))

interface Change {
  mark: Mark
  name: string
  on: boolean
}

/** Tabs tell each other what changes. What is stored would not do: a tab may read there what was before another wrote,
 * and write that one's mark away. */
const tabs = new BroadcastChannel('foryou.marks')

tabs.addEventListener('message', ({ data }: MessageEvent<{ viewer: string; changes: Change[] }>) => {
  if (data.viewer === whose) take(data.changes.reduce(after, marks))
})

function take(changed: Marks): void {
  marks = changed
  keepMarks(whose, marks)
}

/** In this tab and in all others. */
function change(to: Marks): void {
  const changes = between(marks, to)
  take(to)
  if (changes.length) tabs.postMessage({ viewer: whose, changes })
}

/** Whose marks are shown; to be called whenever somebody else looks. */
export function markAs(name: string): void {
  if (name === whose) return
  whose = name
  marks = marksOf(name)
  void recall()
}

function nameOf(card: Card, mark: Mark): string | undefined {
  return mark === 'follow' ? (card.item.author ?? undefined) : card.item.video
}

export function marked(card: Card, mark: Mark): boolean {
  const name = nameOf(card, mark)
  return name !== undefined && marks[mark].includes(name)
}

/** What was done here about videos since their counts were told. */
const own = new WeakMap<Card['item'], Partial<Record<Mark, number>>>()

/** How many marked a video, as it was `told`, and with what was done here since. */
export function countWith(card: Card, mark: Mark, told: number | undefined): number | undefined {
  void marks // counts follow them
  return told === undefined ? undefined : Math.max(0, told + (own.get(card.item)?.[mark] ?? 0))
}

/** Mark a card, or take the mark back, and say so with whatever `more` the event needs; whether it is marked now. */
export function toggle(card: Card, feed: Feed, mark: Mark, more: Partial<FeedEvent> = {}): boolean {
  const name = nameOf(card, mark)
  if (name === undefined) return false
  const on = !marked(card, mark)
  const before = own.get(card.item)
  own.set(card.item, { ...before, [mark]: (before?.[mark] ?? 0) + (on ? 1 : -1) })
  change(after(marks, { mark, name, on }))
  const author = mark === 'follow' ? { author: name } : {}
  send(happened({ kind: on ? mark : OPPOSITES[mark], ...context(card, feed, whose), ...author, ...more }))
  return on
}

/** Whether an author is followed, wherever they are met. */
export function followed(author: string): boolean {
  return marks.follow.includes(author)
}

/** Follow an author where no video is, or no longer; whether they are followed now. */
export function toggleFollow(author: string): boolean {
  const on = !followed(author)
  change(after(marks, { mark: 'follow', name: author, on }))
  send(happened({ kind: on ? 'follow' : OPPOSITES.follow, viewer: whose, author }))
  return on
}

/** Take over what the engine knows, whatever device it came from. What it cannot have heard yet stays. */
export async function recall(): Promise<void> {
  const who = whose
  await flush()
  const before = marks
  const waiting = (await unsent()).filter((event) => event.viewer === who)
  try {
    const told = await fetchMarks(who)
    if (who !== whose) return
    change([...waiting.flatMap(done), ...between(before, marks)].reduce(after, { ...marks, ...told }))
  } catch {
    // What is kept here is all that is shown.
  }
}

/** Nothing is marked any more: all of the viewer was erased. */
export function unmarkAll(): void {
  change({ like: [], save: [], follow: [], not_interested: [] })
}

/** What an event does to the marks. */
function done({ kind, video, author }: FeedEvent): Change[] {
  return KINDS.flatMap((mark) => {
    const name = mark === 'follow' ? author : video
    return name && (kind === mark || kind === OPPOSITES[mark]) ? [{ mark, name, on: kind === mark }] : []
  })
}

/** What made the one of the other. */
function between(one: Marks, other: Marks): Change[] {
  const added = (from: Marks, to: Marks, on: boolean): Change[] =>
    KINDS.flatMap((mark) => {
      const had = new Set(from[mark])
      return to[mark].filter((name) => !had.has(name)).map((name) => ({ mark, name, on }))
    })
  return [...added(other, one, false), ...added(one, other, true)]
}

function after(all: Marks, { mark, name, on }: Change): Marks {
  const others = all[mark].filter((other) => other !== name)
  return { ...all, [mark]: on ? [...others, name] : others }
}
