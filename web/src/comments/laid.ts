/** Comments as the engine told them, with what was done since laid over them: it may not know of it yet. */

import type { FeedEvent } from '../api'
import type { Said, Thread } from '../people/wire'

export interface Writer {
  viewer: string
  name: string
  /** Whether they made the video. */
  creator: boolean
}

export function laid(told: readonly Thread[], acts: readonly FeedEvent[], me: Writer): readonly Thread[] {
  return acts.reduce<readonly Thread[]>((threads, act) => after(threads, act, me), told)
}

function after(threads: readonly Thread[], act: FeedEvent, me: Writer): readonly Thread[] {
  const about = act.comment ?? ''
  switch (act.kind) {
    case 'comment':
      return written(threads, act, me)
    case 'uncomment':
      return without(threads, about)
    case 'like_comment':
    case 'unlike_comment':
      return each(threads, (said) => (said.id === about ? liked(said, act.kind === 'like_comment') : said))
    case 'pin':
    case 'unpin':
      return pinned(threads, about, act.kind === 'pin')
    default:
      return threads
  }
}

function written(threads: readonly Thread[], act: FeedEvent, me: Writer): readonly Thread[] {
  if (threads.some(({ id, replies }) => id === act.id || replies.some((reply) => reply.id === act.id)))
    return threads
  const said: Said = {
    id: act.id,
    viewer: me.viewer,
    name: me.name,
    author: null,
    text: act.text ?? '',
    at: act.at,
    likes: 0,
    liked: false,
    pinned: false,
    creator: me.creator,
    video: act.reply_video ?? null,
  }
  if (act.parent) {
    const root = threads.find(
      ({ id, replies }) => id === act.parent || replies.some((reply) => reply.id === act.parent),
    )
    return threads.map((thread) =>
      thread === root
        ? { ...thread, replies: [...thread.replies, said], reply_count: thread.reply_count + 1 }
        : thread,
    )
  }
  const above = threads.filter((thread) => thread.pinned)
  return [...above, { ...said, replies: [], reply_count: 0 }, ...threads.filter((thread) => !thread.pinned)]
}

function without(threads: readonly Thread[], gone: string): readonly Thread[] {
  return threads
    .filter(({ id }) => id !== gone)
    .map((thread) => {
      const replies = thread.replies.filter(({ id }) => id !== gone)
      const fewer = thread.replies.length - replies.length
      return fewer ? { ...thread, replies, reply_count: thread.reply_count - fewer } : thread
    })
}

function each(threads: readonly Thread[], change: <One extends Said>(said: One) => One): readonly Thread[] {
  return threads.map((thread) => change({ ...thread, replies: thread.replies.map(change) }))
}

function liked<One extends Said>(said: One, on: boolean): One {
  return said.liked === on ? said : { ...said, liked: on, likes: Math.max(0, said.likes + (on ? 1 : -1)) }
}

function pinned(threads: readonly Thread[], which: string, on: boolean): readonly Thread[] {
  const marked = threads.map((thread) => ({ ...thread, pinned: on && thread.id === which }))
  return on
    ? [...marked.filter((thread) => thread.pinned), ...marked.filter((thread) => !thread.pinned)]
    : marked
}
