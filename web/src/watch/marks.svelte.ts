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
