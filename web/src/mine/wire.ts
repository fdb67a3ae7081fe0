/** The calls by which viewers see what their feed rests on and steer it, and the shapes that travel. */

import { authorization } from '../access'
import { ApiError, call, type FeedEvent, type Interest, type Item, type Withheld } from '../api'
import { country, device, timeZone } from '../identity'
import type { Language } from '../messages/languages'

/** What one can steer by. */
export type Steerable = 'author' | 'sound' | 'hashtag'
export type Hideable = Steerable | 'word'
export type Level = 'novelty' | 'niche' | 'length'

/** Something the viewer did. */
export interface Signal {
  kind: string
  video: string
  caption?: string | null
  /** ms UTC. */
  at: number
}

/** A signal that speaks for (above 0) or against something. */
export interface Proof extends Signal {
  part: number
}

export interface Share {
  share: number
  n: number
}

export interface Asked {
  kind: Hideable
  name: string
  since: number
  by: 'hide' | 'prefer' | 'not_interested'
  before: Share
  after: Share
  /** What took its place: shares before and after. */
  instead: { kind: 'hashtag'; name: string; before: number; after: number }[]
}

export interface Lesson {
  kind: string
  video?: string | null
  caption?: string | null
  at: number
  changes: { kind: string; name: string; before: number; after: number }[]
}

export interface Controls extends Record<Level, number> {
  languages: string[]
  demographics: boolean
  pause_until: number | null
}

export interface Known {
  viewer: string
  signals_this_week: number
  signals: Signal[]
  interests: Interest[]
  less_of: Interest[]
  settings: Controls
  paused_until: number | null
  prefers: { kind: Steerable; name: string; strength: number; since: number }[]
  hidden: { kind: Hideable; name: string; since: number }[]
  snapshots: { name: string; at: number }[]
  asked_less: Asked[]
  lesson: Lesson | null
}

export interface Preview {
  items: (Item & { added: boolean })[]
  removed: Item[]
  /** Where there are too few: what the viewer wants none of. */
  withheld: Withheld[]
}

export interface How {
  outcomes: { head: string; label: string; weight: number }[]
  families: {
    family: string
    label: string
    about: string
    you_can: string
    personal: boolean
    /** Its share of what moved the latest videos; null where nothing was explained yet. */
    influence: number | null
  }[]
  /** How many videos the influences come from. */
  videos: number
  rules: { name: string; label: string; value: unknown }[]
  reach: { audiences: number[]; hours: number; chance: number }
  not_used: string[]
  plain: string
}

/** How far a video has come, as far as viewers are told. */
export interface Reach {
  /** From 0. */
  stage: number
  stages: number
  state: string
  next?: string | null
}

const NOBODY: Omit<Known, 'viewer'> = {
  signals_this_week: 0,
  signals: [],
  interests: [],
  less_of: [],
  settings: { novelty: 0, niche: 0, length: 0, languages: [], demographics: true, pause_until: null },
  paused_until: null,
  prefers: [],
  hidden: [],
  snapshots: [],
  asked_less: [],
  lesson: null,
}

const of = (viewer: string) => `/v1/viewers/${encodeURIComponent(viewer)}`

/** All that is known of a viewer; of one who was never heard of, nothing. */
export async function fetchKnown(viewer: string): Promise<Known> {
  try {
    return await call<Known>(of(viewer))
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    return { viewer, ...NOBODY }
  }
}

/** What the viewer did that speaks for or against something, newest first. */
export function fetchEvidence(viewer: string, kind: Steerable, name: string): Promise<Proof[]> {
  return call(`${of(viewer)}/evidence?${new URLSearchParams({ kind, name })}`)
}

/** The next videos as they would be if these events had come. */
export function fetchPreview(
  viewer: string,
  events: readonly Partial<FeedEvent>[],
  language: Language,
  signal: AbortSignal,
): Promise<Preview> {
  const place = country()
  const asked = { device: device(), time_zone: timeZone(), language, ...(place ? { country: place } : {}) }
  return call(`${of(viewer)}/preview?${new URLSearchParams(asked)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
    signal,
  })
}

export function fetchHow(language: Language): Promise<How> {
  return call(`/v1/how?language=${language}`)
}

export function fetchReach(video: string, language: Language): Promise<Reach> {
  return call(`/v1/videos/${encodeURIComponent(video)}/reach?language=${language}`)
}

/** Everything that there is of a viewer, as JSON or as a page to read. */
export async function fetchOwn(viewer: string, format: 'json' | 'html', language: Language): Promise<Blob> {
  const answer = await fetch(`${of(viewer)}/data?${new URLSearchParams({ format, language })}`, {
    headers: authorization(),
  }).catch((reason: unknown) => {
    throw new ApiError(0, String(reason))
  })
  if (!answer.ok) throw new ApiError(answer.status, answer.statusText)
  return answer.blob()
}

/** Take everything of a viewer away; what went from where. */
export function eraseViewer(viewer: string): Promise<Record<string, unknown>> {
  return call(of(viewer), { method: 'DELETE' })
}
