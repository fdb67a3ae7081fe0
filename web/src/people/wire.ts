/** The calls of the engine's HTTP API about people: comments, pages around the feed, accounts, inboxes; and their shapes. */

import { call, type Item } from '../api'

/** Videos, a page at a time; `next` asks for the page after. */
export interface Videos {
  videos: Item[]
  next: string | null
}

export interface Said {
  id: string
  viewer: string
  name: string
  /** Whose page that is; null: there is none. */
  author: string | null
  text: string
  /** ms UTC. */
  at: number
  likes: number
  liked: boolean
  pinned: boolean
  /** Whether who made the video wrote it. */
  creator: boolean
  /** A video that it answers with. */
  video: string | null
}

/** A comment with the first of its answers. */
export interface Thread extends Said {
  replies: Said[]
  reply_count: number
}

export type Sort = 'top' | 'new' | 'creator'

export interface Profile extends Videos {
  author: string
  name: string
  posts: number
  followers: number
  likes: number
  /** The viewer whose likes these are, if they let others see them. */
  liked_by: string | null
  series: { series: string; episodes: number; first: string }[]
}

export interface Group extends Videos {
  posts: number
}

export interface Collection {
  /** Empty: what is saved without one. */
  name: string
  count: number
  cover: Item
}

export interface Heard {
  kind: 'reply' | 'comment_like' | 'comment' | 'follow'
  at: number
  unread: boolean
  from: string[]
  count: number
  video: string | null
  comment: string | null
  text: string | null
  /** Of a comment that starts a thread under a video of one's own. */
  answered?: boolean
}

export interface InboxPage {
  unread: number
  /** Threads under one's videos that wait for an answer. */
  unanswered: number
  /** The median until one answers; null: never did. */
  reply_time_s: number | null
  items: Heard[]
  next: string | null
}

/** A creator to follow, and why: `count` people of a similar taste do (`alike`), or so many in all. */
export interface Suggested {
  author: string
  name: string
  followers: number
  posts: number
  because: 'alike' | 'many'
  count: number
}

/** How much of some videos has a hashtag: `share` of 0 to 1. */
export interface Part {
  hashtag: string
  count: number
  share: number
}

/** What one takes part in, and what one posts about; out of how many videos. */
export interface Engagement {
  engaged: number
  posted: number
  engages: Part[]
  posts: Part[]
}

export interface Account {
  name: string
  viewer: string
  author: string
  roles: string[]
  minor: boolean
  defaults: { autoplay: boolean; stop_after_min: number }
}

export interface Demo {
  viewers: { viewer: string; name: string; language: string; likes: string[] }[]
  creators: { author: string; name: string; topics?: string[] }[]
  operator?: { viewer: string; name: string } | null
}

/** A path of names, each one part of it whatever it looks like. */
function path(...names: string[]): string {
  return `/v1/${names.map(encodeURIComponent).join('/')}`
}

function query(given: Record<string, string | number | undefined>): string {
  const known = Object.entries(given).filter(([, value]) => value !== undefined && value !== '')
  return known.length ? `?${new URLSearchParams(known.map(([name, value]) => [name, String(value)]))}` : ''
}

export function posted(body: unknown, method = 'POST'): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** The threads of a video; that of the comment `about`, if one is named, first. */
export function fetchThreads(
  video: string,
  viewer: string,
  sort: Sort,
  about: string,
  after = '',
): Promise<{ count: number; comments: Thread[]; next: string | null }> {
  return call(path('videos', video, 'comments') + query({ viewer, sort, about, after }))
}

/** The answers under a comment, oldest first. */
export function fetchReplies(
  video: string,
  viewer: string,
  parent: string,
  after = '',
): Promise<{ comments: Said[]; next: string | null }> {
  return call(path('videos', video, 'comments') + query({ viewer, parent, after, n: 50 }))
}

export const fetchAuthor = (author: string, after = ''): Promise<Profile> =>
  call(path('authors', author) + query({ after }))

/** The videos with a sound or a hashtag, or of a series. */
export const fetchGroup = (
  kind: 'sounds' | 'hashtags' | 'series',
  name: string,
  after = '',
): Promise<Group> => call(path(kind, name) + query({ after }))

export const fetchLiked = (viewer: string, after = ''): Promise<Videos & { count: number }> =>
  call(path('viewers', viewer, 'liked') + query({ after }))

/** All that is saved, or (with a name, which may be empty) what is in one collection. */
export function fetchSaved(
  viewer: string,
  collection?: string,
  after = '',
): Promise<Videos & { count: number }> {
  const one = collection === undefined ? '' : `&collection=${encodeURIComponent(collection)}`
  return call(`${path('viewers', viewer, 'saved')}?after=${encodeURIComponent(after)}${one}`)
}

export async function fetchCollections(viewer: string): Promise<Collection[]> {
  return (await call<{ collections: Collection[] }>(path('viewers', viewer, 'collections'))).collections
}

export async function fetchSuggestions(viewer: string): Promise<Suggested[]> {
  return (await call<{ authors: Suggested[] }>(path('viewers', viewer, 'suggestions'))).authors
}

export const fetchEngagement = (viewer: string): Promise<Engagement> =>
  call(path('viewers', viewer, 'engagement'))

export const fetchInbox = (viewer: string, after = '', n = 20): Promise<InboxPage> =>
  call(path('viewers', viewer, 'inbox') + query({ after, n }))

/** Whatever came until then counts as read. */
export const readInbox = (viewer: string, at: number): Promise<unknown> =>
  call(path('viewers', viewer, 'inbox', 'read'), posted({ at }))

export async function fetchAccount(): Promise<Account | undefined> {
  const told = await call<Account & { signed_in?: boolean }>('/v1/account')
  return told.signed_in === false ? undefined : told
}

export interface Introduction {
  name: string
  password: string
  birth_year: number
  language: string
  /** The guest that they were so far. */
  adopt?: string
}

export const signUp = (who: Introduction): Promise<Account> => call('/v1/account', posted(who))

export const signIn = (name: string, password: string): Promise<Account> =>
  call('/v1/session', posted({ name, password }))

export const signOut = (everywhere: boolean): Promise<unknown> =>
  call(`/v1/session${everywhere ? '?everywhere=true' : ''}`, { method: 'DELETE' })

export const changePassword = (old: string, wanted: string): Promise<unknown> =>
  call('/v1/account/password', posted({ old, new: wanted }))

export const deleteAccount = (password: string): Promise<unknown> =>
  call('/v1/account/delete', posted({ password }))

/** Who there is to look as; undefined where this is no demo. */
export async function fetchDemo(): Promise<Demo | undefined> {
  try {
    return await call<Demo>('/v1/demo')
  } catch {
    return undefined
  }
}
