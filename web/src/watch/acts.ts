/** What one can do about a video. Whatever can be taken back can be for 6 s, and is told. */

import { happened, hold, send } from '../events/outbox'
import { t } from '../messages/say.svelte'
import { pathOf } from '../routes'
import { tell } from '../toasts.svelte'
import { viewer } from '../viewer.svelte'
import type { Card, Feed } from './feed.svelte'
import { marked, toggle } from './marks.svelte'
import { context } from './player.svelte'
import { usual } from './usual'

/** What "not interested" is about: the video as a whole, its topic, its author, or only that it is known already. */
export type About = 'video' | 'topic' | 'author' | 'seen'

export const REASONS = ['spam', 'violence', 'hate', 'nudity', 'false', 'other'] as const
const UNDO_MS = 6000

export function like(card: Card, feed: Feed): void {
  toggle(card, feed, 'like')
}

export function save(card: Card, feed: Feed): void {
  const collection = marked(card, 'save') ? '' : usual(viewer.id)
  const on = toggle(card, feed, 'save', collection ? { collection } : {})
  const text = on ? (collection ? t('savedIn', { name: collection }) : t('saved')) : t('unsaved')
  tell(text, () => marked(card, 'save') === on && toggle(card, feed, 'save'))
}

export function follow(card: Card, feed: Feed): void {
  const author = card.item.author
  if (!author) return
  const on = toggle(card, feed, 'follow')
  tell(t(on ? 'followed' : 'unfollowed', { author }), () => {
    if (marked(card, 'follow') === on) toggle(card, feed, 'follow')
  })
}

export async function share(card: Card, feed: Feed): Promise<void> {
  const url = new URL(pathOf('v', card.item.video), location.href).href
  const phone = matchMedia('(pointer: coarse)').matches && 'share' in navigator
  try {
    if (phone) await navigator.share({ url, title: card.item.caption ?? 'ForYou' })
    else {
      await navigator.clipboard.writeText(url)
      tell(t('copied'))
    }
  } catch (error) {
    if ((error as DOMException).name === 'AbortError') return // thought better of it
    tell(t('notCopied', { link: url }))
  }
  send(happened({ kind: 'share', ...context(card, feed, viewer.id) }))
}

/** Less of this, and on to the next. Undone, the card comes back. */
export function reject(card: Card, feed: Feed, about: About): void {
  const back = about === 'seen' ? known(card, feed) : less(card, feed, about)
  feed.goTo(feed.cards.indexOf(card) + 1)
  tell(t(about === 'seen' ? 'seenTold' : 'lessLikeThis'), () => {
    back()
    feed.goTo(feed.cards.indexOf(card))
  })
}

/** It can be told only once, so it is not told before it is sure. */
function known(card: Card, feed: Feed): () => void {
  return hold(happened({ kind: 'seen', ...context(card, feed, viewer.id) }), UNDO_MS)
}

function less(card: Card, feed: Feed, about: 'video' | 'topic' | 'author'): () => void {
  const more = about === 'video' ? {} : { about }
  if (!marked(card, 'not_interested')) toggle(card, feed, 'not_interested', more)
  return () => void (marked(card, 'not_interested') && toggle(card, feed, 'not_interested', more))
}

/** Nothing more of a sound, a hashtag or an author, from the next video on. */
export function hide(card: Card, feed: Feed, what: 'sound' | 'hashtag' | 'author', name: string): void {
  const event = { viewer: viewer.id, video: card.item.video, [what]: name }
  send(happened({ kind: 'hide', ...event }))
  feed.drop((item) => (what === 'hashtag' ? (item.hashtags ?? []).includes(name) : item[what] === name))
  feed.goTo(feed.cards.indexOf(card) + 1)
  tell(t('hidden', { name: what === 'hashtag' ? `#${name}` : name }), () => {
    send(happened({ kind: 'unhide', ...event }))
    feed.goTo(feed.cards.indexOf(card))
  })
}

/** A report cannot be taken back once it was sent, so it waits for as long as it can. */
export function report(card: Card, feed: Feed, reason: (typeof REASONS)[number]): void {
  const back = hold(happened({ kind: 'report', text: reason, ...context(card, feed, viewer.id) }), UNDO_MS)
  tell(t('reported'), back)
}
