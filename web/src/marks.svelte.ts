/** What a viewer liked, saved, followed or rejected: one state for every card and feed, kept here and told to the engine. */

import { keepMarks, marksOf, type Mark } from './identity'
import type { Card, Feed } from './feed.svelte'
import { happened, send } from './outbox'
import { context } from './watching.svelte'

const OPPOSITES: Record<Mark, string> = {
  like: 'unlike',
  save: 'unsave',
  follow: 'unfollow',
  not_interested: 'interested',
}

export interface Marking {
  has(card: Card, mark: Mark): boolean
  of(card: Card): Record<Mark, boolean>
  /** Mark a card, or take the mark back; whether it is marked now. */
  toggle(card: Card, feed: Feed, mark: Mark): boolean
}

export function openMarks(viewer: string): Marking {
  const marks = $state(marksOf(viewer))

  function named(card: Card, mark: Mark): string | undefined {
    return mark === 'follow' ? (card.item.author ?? undefined) : card.item.video
  }

  function has(card: Card, mark: Mark): boolean {
    const name = named(card, mark)
    return name !== undefined && marks[mark].includes(name)
  }

  function toggle(card: Card, feed: Feed, mark: Mark): boolean {
    const name = named(card, mark)
    if (name === undefined) return false
    const on = !has(card, mark)
    marks[mark] = on ? [...marks[mark], name] : marks[mark].filter((other) => other !== name)
    keepMarks(viewer, marks)
    const author = mark === 'follow' ? { author: name } : {}
    send(happened({ kind: on ? mark : OPPOSITES[mark], ...context(card, feed, viewer), ...author }))
    return on
  }

  const of = (card: Card) => ({
    like: has(card, 'like'),
    save: has(card, 'save'),
    follow: has(card, 'follow'),
    not_interested: has(card, 'not_interested'),
  })

  return { has, of, toggle }
}
