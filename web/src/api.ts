/** The calls of the engine's HTTP API about feeds, and the shapes that travel; `mine/wire.ts` and `people/wire.ts` have more. */

import { authorization } from './access'

export type Surface = 'for_you' | 'following' | 'plain'
export type Device = 'phone' | 'tablet' | 'desktop'

/** One video of a slate. What is not known of it is absent. */
export interface Item {
  video: string
  /** Its place in the slate; absent where no slate brought it. */
  position?: number
  source?: string
  score?: number
  author?: string | null
  caption?: string | null
  description?: string | null
  hashtags?: string[] | null
  sound?: string | null
  effects?: string[] | null
  /** Seconds. */
  duration?: number | null
  language?: string | null
  /** ms UTC. */
  uploaded?: number | null
  width?: number | null
  height?: number | null
  series?: string | null
  episode?: number | null
  /** How many episodes the series has. */
  episodes?: number | null
  /** The video that comes after this one in its series. */
  next_episode?: string | null
  /** Where the video, its first picture and its captions (WebVTT) are: a path on this server, or a URL. */
  media?: string | null
  poster?: string | null
  subtitles?: string | null
  /** What it answers, as its creator said: a video, and the comment under it if it answers one. */
  answers?: Answered | null
  counts?: Partial<Record<'likes' | 'comments' | 'shares' | 'saves' | 'views', number>> | null
}

export interface Answered {
  video: string
  author?: string | null
  comment?: string
  /** Who wrote the comment, and its first words. */
  name?: string
  text?: string
}

export interface Slate {
  request: string
  surface: Surface
  model: string
  items: Item[]
  /** Of a slate that is shorter than was asked for. */
  withheld?: Withheld[]
}

/** What the viewer wants none of, and how many videos of it there would be. */
export interface Withheld {
  kind: 'author' | 'sound' | 'hashtag'
  name: string
  videos: number
}

export interface FeedQuery {
  surface: Surface
  session: string
  n: number
  viewer?: string
  device?: Device
  language?: string
  country?: string
  time_zone?: string
}

export interface FeedEvent {
  id: string
  kind: string
  /** ms UTC, by this machine's clock. */
  at: number
  viewer: string
  video?: string
  author?: string
  sound?: string
  hashtag?: string
  word?: string
  /** How much of a target is wanted, 0 to 2; 1: as learned. */
  strength?: number
  /** Of a snapshot. */
  name?: string
  /** What a feed is wanted to be, -1 to 1. */
  novelty?: number
  niche?: number
  length?: number
  languages?: string[]
  demographics?: boolean
  /** ms UTC; 0 ends a pause. */
  pause_until?: number
  /** What a `not_interested` is about, if not the video as a whole. */
  about?: 'topic' | 'author'
  text?: string
  /** The comment that it is about, and the one that a comment answers. */
  comment?: string
  parent?: string
  /** A video that a comment answers with. */
  reply_video?: string
  /** Where a video is saved. */
  collection?: string
  liked_public?: boolean
  request?: string
  session?: string
  surface?: Surface
  position?: number
  /** Seconds that went by while it played, replays included. */
  seconds?: number
  /** The furthest second of the video that was played. */
  furthest?: number
  replays?: number
}

export interface Receipt {
  accepted: number
  duplicates: number
  refused: { index: number; field: string; problem: string; expected: string }[]
}

export interface HeadPart {
  head: string
  prediction: number
  weight: number
  part: number
  help?: string
}

export interface FamilyPart {
  family: string
  label?: string
  part: number
}

/** What a bar of an explanation is about; of `wishes`, `strength` is what was asked for. */
export interface Target {
  family: string
  kind: 'author' | 'sound' | 'hashtag'
  name: string
  strength: number
  evidence: number
}

/** Why a video was shown: `neutral` + the families' parts = `score`; heads' parts + affinity + author_taste + freshness + wishes + variety + exploration = `score`. */
export interface Explanation {
  request: string
  video: string
  position: number
  score: number
  neutral: number
  heads: HeadPart[]
  families: FamilyPart[]
  source?: string | null
  sources?: string[] | null
  at?: number | null
  moved?: { stage: string; from: number; to: number }[] | null
  without_strongest?: { family: string; position: number; of: number } | null
  words?: string[] | null
  model?: string | null
  propensity?: number | null
  exploration?: number | null
  affinity?: number | null
  author_taste?: number | null
  freshness?: number | null
  wishes?: number | null
  variety?: number | null
  /** The version that the families' parts come from; another one than `model` only if that was gone. */
  explained_with?: string | null
  surface?: Surface
  /** How many videos were considered. */
  candidates?: number | null
  targets?: Target[]
}

/** Something liked (strength above 0) or wanted less of (below 0), and how many events say so. */
export interface Interest {
  kind: string
  name: string
  strength: number
  evidence: number
}

export interface ViewerProfile {
  viewer: string
  signals_this_week: number
  interests: Interest[]
  less_of: Interest[]
}

/** The field that was wrong, what is wrong with it, and what would be right, in the engine's words. */
export interface Wrong {
  field: string
  problem: string
  expected: string
}

/** An answer that is not the one asked for: `status` 0 means that the engine could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What was wrong with what was sent, where the engine says so. */
    readonly wrong?: Wrong,
  ) {
    super(message)
  }
}

export async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      ...init,
      headers: { accept: 'application/json', ...authorization(), ...init.headers },
    })
  } catch (reason) {
    throw new ApiError(0, reason instanceof Error ? reason.message : String(reason))
  }
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) {
    const wrong = (body as { error?: Wrong } | null)?.error
    const told = wrong && [wrong.field, wrong.problem, wrong.expected].filter(Boolean).join(' · ')
    throw new ApiError(response.status, told ?? response.statusText, wrong)
  }
  return body as T
}

export function fetchFeed(query: FeedQuery): Promise<Slate> {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return call(`/v1/feed?${new URLSearchParams(known.map(([name, value]) => [name, String(value)]))}`)
}

/** What is known of one video, for a link to it. */
export function fetchVideo(video: string): Promise<Item> {
  return call(`/v1/videos/${encodeURIComponent(video)}`)
}

export function postEvents(events: FeedEvent[]): Promise<Receipt> {
  return call('/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
    keepalive: true,
  })
}

/** What is known of a viewer; of one who was never heard of, nothing. */
export async function fetchViewer(viewer: string): Promise<ViewerProfile> {
  try {
    return await call<ViewerProfile>(`/v1/viewers/${encodeURIComponent(viewer)}`)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    return { viewer, signals_this_week: 0, interests: [], less_of: [] }
  }
}

/** What a viewer marked, wherever they did; the latest last. */
export function fetchMarks(
  viewer: string,
): Promise<Record<'like' | 'save' | 'follow' | 'not_interested', string[]>> {
  return call(`/v1/viewers/${encodeURIComponent(viewer)}/marks`)
}

/** The explanation is worked out just after the answer went out, so "not there" may mean "not yet": ask for up to 3 s. */
export async function fetchExplanation(
  request: string,
  video: string,
  language: string,
  signal: AbortSignal,
): Promise<Explanation> {
  const path = `/v1/explain/${encodeURIComponent(request)}/${encodeURIComponent(video)}?language=${language}`
  const until = performance.now() + 3000
  for (let pause = 120; ; pause *= 1.6) {
    try {
      return await call<Explanation>(path, { signal })
    } catch (error) {
      const early = error instanceof ApiError && error.status === 404 && performance.now() + pause < until
      if (!early || signal.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}
