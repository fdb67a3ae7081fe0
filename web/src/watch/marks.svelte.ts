/** What a viewer liked, saved, followed or rejected: one state for every card, feed and tab.
 * What is so is the engine's record, whatever device it came from; what is kept here shows it at once, and without a
 * network. */

import { fetchMarks, type FeedEvent } from '../api'
import { flush, happened, send, unsent } from '../events/outbox'
import { keepMarks, marksKey, marksOf, type Mark, type Marks } from '../identity'
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

addEventListener('storage', (event) => {
  if (event.key === marksKey(whose)) marks = marksOf(whose)
})

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

/** Mark a card, or take the mark back, and say so with whatever `more` the event needs; whether it is marked now. */
export function toggle(card: Card, feed: Feed, mark: Mark, more: Partial<FeedEvent> = {}): boolean {
  const name = nameOf(card, mark)
  if (name === undefined) return false
  const on = !marked(card, mark)
  const others = marksOf(whose)[mark].filter((other) => other !== name)
  marks = { ...marksOf(whose), [mark]: on ? [...others, name] : others }
  keepMarks(whose, marks)
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
  const others = marksOf(whose).follow.filter((other) => other !== author)
  marks = { ...marksOf(whose), follow: on ? [...others, author] : others }
  keepMarks(whose, marks)
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
    marks = KINDS.reduce<Marks>((all, mark) => {
      const meanwhile = [
        ...before[mark].filter((name) => !marks[mark].includes(name)).map((name) => ({ name, on: false })),
        ...marks[mark].filter((name) => !before[mark].includes(name)).map((name) => ({ name, on: true })),
      ]
      return { ...all, [mark]: [...waiting.flatMap(done(mark)), ...meanwhile].reduce(after, told[mark]) }
    }, marks)
    keepMarks(who, marks)
  } catch {
    // What is kept here is all that is shown.
  }
}

interface Done {
  name: string
  on: boolean
}

/** What an event does to the marks of a kind. */
function done(mark: Mark): (event: FeedEvent) => Done[] {
  return ({ kind, video, author }) => {
    const name = mark === 'follow' ? author : video
    return name && (kind === mark || kind === OPPOSITES[mark]) ? [{ name, on: kind === mark }] : []
  }
}

function after(names: readonly string[], { name, on }: Done): string[] {
  const others = names.filter((other) => other !== name)
  return on ? [...others, name] : others
}
