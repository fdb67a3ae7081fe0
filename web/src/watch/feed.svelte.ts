/** One feed: its cards, which one is current, and getting more before they run out. It knows nothing of the screen. */

import { ApiError, type Item, type Slate, type Surface, type Withheld } from '../api'
import { eventsFirst, openingOf } from '../first'
import { language } from '../messages/say.svelte'
import { ask } from './ask'
import { recent } from './recent'

export interface Card {
  item: Item
  /** Empty for a video that no feed brought: one of a link, or kept for times without a network. */
  request: string
  model: string
}

/** `done`: as many as were wanted of a finite feed; `end`: the engine has no more. */
export type FeedState = 'loading' | 'ready' | 'more' | 'error' | 'end' | 'done'

export interface Feed {
  readonly surface: Surface
  readonly session: string
  /** Under whom watching is recorded. */
  readonly watcher: string
  readonly cards: readonly Card[]
  /** The current card; one past the last is the closing screen. */
  readonly index: number
  readonly state: FeedState
  readonly problem: unknown
  /** What would still come if the viewer wanted anything of it, once that is all there is. */
  readonly withheld: readonly Withheld[]
  /** The cards are those that were kept, because the engine cannot be reached. */
  readonly kept: boolean
  /** Go to a card; false if there is none or it is the current one. */
  goTo(index: number): boolean
  load(): Promise<void>
  /** Put a video after the current one. */
  insert(item: Item): void
  /** Take away what comes after the current card and is not wanted any more. */
  drop(unwanted: (item: Item) => boolean): void
}

const AHEAD = 3

export interface Start {
  surface: Surface
  viewer: string
  /** How many videos it has; absent: as many as there are. */
  most?: number
  /** A video that comes before all others. */
  first?: Promise<Item | undefined>
}

/** What is watched in the plain feed is recorded under a name used only once. */
export function openFeed({ surface, viewer, most = Infinity, first }: Start): Feed {
  const plain = surface === 'plain'
  let opening = openingOf(surface, viewer)
  const session = opening?.session ?? crypto.randomUUID()
  let cards = $state.raw<readonly Card[]>([])
  let index = $state(0)
  let state = $state<FeedState>('loading')
  let problem = $state.raw<unknown>(undefined)
  let withheld = $state.raw<readonly Withheld[]>([])
  let kept = $state(false)
  let asking = false

  async function load(): Promise<void> {
    if (asking || state === 'end' || state === 'done') return
    asking = true
    state = cards.length ? 'more' : 'loading'
    try {
      take(await asked(), cards.length && !kept ? undefined : await first)
    } catch (error) {
      fail(error)
    } finally {
      asking = false
    }
    more()
  }

  function take(slate: Slate, linked: Item | undefined): void {
    if (kept) [cards, index, kept] = [[], 0, false]
    if (linked) cards = [{ item: linked, request: '', model: '' }]
    const fresh = slate.items.filter(({ video }) => !cards.some(({ item }) => item.video === video))
    cards = [...cards, ...fresh.map((item) => ({ item, request: slate.request, model: slate.model }))].slice(
      0,
      most,
    )
    withheld = slate.withheld ?? []
    state = cards.length >= most ? 'done' : fresh.length || linked ? 'ready' : 'end'
  }

  /** Without a network there is what was kept for that. */
  function fail(error: unknown): void {
    problem = error
    state = 'error'
    if (cards.length || !(error instanceof ApiError) || error.status !== 0) return
    cards = recent(viewer).map((item) => ({ item, request: '', model: '' }))
    kept = cards.length > 0
  }

  async function asked(): Promise<Slate> {
    const first = opening?.slate
    opening = undefined
    if (first) return first
    await eventsFirst()
    return ask({ surface, session, viewer, language: language() })
  }

  function more(): void {
    if (state === 'ready' && cards.length - 1 - index <= AHEAD) void load()
  }

  return {
    surface,
    session,
    watcher: plain ? `plain-${crypto.randomUUID()}` : viewer,
    get cards() {
      return cards
    },
    get index() {
      return index
    },
    get state() {
      return state
    },
    get problem() {
      return problem
    },
    get withheld() {
      return withheld
    },
    get kept() {
      return kept
    },
    goTo(to) {
      const right = Math.max(0, Math.min(to, cards.length))
      if (right === index) return false
      index = right
      more()
      return true
    },
    load,
    insert(item) {
      const others = cards.filter((card, i) => i <= index || card.item.video !== item.video)
      const known = others.findIndex((card) => card.item.video === item.video)
      if (known >= 0) return
      cards = [...others.slice(0, index + 1), { item, request: '', model: '' }, ...others.slice(index + 1)]
    },
    drop(unwanted) {
      cards = cards.filter((card, i) => i <= index || !unwanted(card.item))
      more()
    },
  }
}
