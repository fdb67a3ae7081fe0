/** Who looks, from what device and place, and what they marked; kept in this browser only. */

import { tokenViewer } from './access'
import type { Device } from './api'

const VIEWER = 'foryou.viewer'
const OWN = 'foryou.viewer.own'
const MARKS = 'foryou.marks.'
const KEEP_MARKS = 2000

export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Storage is full or forbidden: it holds for this page only.
  }
}

let mine = stored(OWN)

/** Whether this browser was never here before: there is nothing of it anywhere. */
export const newcomer = mine === null

/** The viewer of the token, or of the account that is signed in, or else this browser's own anonymous one. */
export function ownViewer(): string {
  const named = tokenViewer()
  if (named) return named
  if (!mine) own(newGuest())
  return mine ?? ''
}

/** A viewer that nobody was before. */
export function newGuest(): string {
  return `web-${crypto.randomUUID()}`
}

/** From now on this browser's own viewer is this one. */
export function own(name: string): void {
  mine = name
  store(OWN, name)
}

/** Who looks: the viewer of the token, whom a link names (`/?viewer=ID`), whom this browser last looked as, or this browser's own. */
export function currentViewer(): string {
  if (tokenViewer()) return ownViewer()
  const named = new URLSearchParams(location.search).get('viewer')
  return named ? becomeViewer(named) : stored(VIEWER) || ownViewer()
}

/** Look through the eyes of another viewer; an empty name means this browser's own again. */
export function becomeViewer(name: string): string {
  const viewer = name.trim() || ownViewer()
  store(VIEWER, viewer)
  return viewer
}

export type Mark = 'like' | 'save' | 'follow' | 'not_interested'
export type Marks = Record<Mark, string[]>

/** What a viewer has liked, saved, followed and rejected from this browser. */
export function marksOf(viewer: string): Marks {
  const none: Marks = { like: [], save: [], follow: [], not_interested: [] }
  try {
    return { ...none, ...(JSON.parse(stored(MARKS + viewer) ?? '{}') as Partial<Marks>) }
  } catch {
    return none
  }
}

export function keepMarks(viewer: string, marks: Marks): void {
  const latest = Object.entries(marks).map(([mark, names]) => [mark, names.slice(-KEEP_MARKS)])
  store(MARKS + viewer, JSON.stringify(Object.fromEntries(latest)))
}

export function device(): Device {
  if (!matchMedia('(pointer: coarse)').matches) return 'desktop'
  return Math.min(screen.width, screen.height) < 600 ? 'phone' : 'tablet'
}

export function country(): string | undefined {
  try {
    return new Intl.Locale(navigator.language).region
  } catch {
    return undefined
  }
}

declare const Temporal: { Now: { timeZoneId(): string } } | undefined

/** The first format of dates takes 20 ms to make, so it is asked for in another way where there is one. */
export function timeZone(): string {
  if (typeof Temporal !== 'undefined') return Temporal.Now.timeZoneId()
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
