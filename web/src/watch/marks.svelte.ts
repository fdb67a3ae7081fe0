/** What a viewer liked, saved, followed or rejected: one state for every card, feed and tab, kept here and told to the engine. */

import type { FeedEvent } from '../api'
import { happened, send } from '../events/outbox'
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

/** A viewer's marks of elsewhere, oldest first, are theirs here too. */
export function remember(name: string, elsewhere: Partial<Marks>): void {
  const here = marksOf(name)
  const both = (mark: Mark) => [
    ...(elsewhere[mark] ?? []).filter((name) => !here[mark].includes(name)),
    ...here[mark],
  ]
  const all = { ...here, like: both('like'), save: both('save') }
  keepMarks(name, all)
  if (name === whose) marks = all
}
