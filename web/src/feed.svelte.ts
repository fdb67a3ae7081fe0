/** One feed: its cards, which one is current, and getting more before they run out. It knows nothing of the screen. */

import { fetchFeed, type Item, type Surface } from './api'
import { country, device, timeZone } from './identity'
import { flush } from './outbox'

export interface Card {
  item: Item
  /** Empty for a video that came by a link. */
  request: string
  model: string
}

export type FeedState = 'loading' | 'ready' | 'more' | 'error' | 'end'

export interface Feed {
  readonly surface: Surface
  readonly session: string
  /** Under whom watching is recorded. */
  readonly watcher: string
  readonly cards: Card[]
  /** The current card; one past the last is the closing screen. */
  readonly index: number
  readonly state: FeedState
  readonly problem: unknown
  /** Go to another card; false if there is none. */
  step(by: number): boolean
  load(): Promise<void>
}

const PAGE = 10
const AHEAD = 3
/** How long a page may wait for events that are still on their way: they should shape it. */
const EVENTS_FIRST_MS = 1200

/**
 * `first` is a video that comes before all others. The plain feed gets no viewer, device or time zone; what is watched in it is recorded under a name used only once.
 */
export function openFeed(
  surface: Surface,
  viewer: string,
  language: () => string,
  first: Promise<Item | undefined> = Promise.resolve(undefined),
): Feed {
  const plain = surface === 'plain'
  const session = crypto.randomUUID()
  let cards = $state.raw<Card[]>([])
  let index = $state(0)
  let state = $state<FeedState>('loading')
  let problem = $state.raw<unknown>(undefined)
  let asking = false

  async function load(): Promise<void> {
    if (asking || state === 'end') return
    asking = true
    state = cards.length ? 'more' : 'loading'
    try {
      await Promise.race([flush(), new Promise((resolve) => setTimeout(resolve, EVENTS_FIRST_MS))])
      const personal = plain ? {} : { viewer, device: device(), time_zone: timeZone() }
      const place = country()
      const query = { surface, session, n: PAGE, language: language(), ...(place ? { country: place } : {}) }
      const slate = await fetchFeed({ ...query, ...personal })
      const linked = cards.length ? undefined : await first
      if (linked) cards = [{ item: linked, request: '', model: '' }]
      const fresh = slate.items.filter(({ video }) => !cards.some(({ item }) => item.video === video))
      cards = [...cards, ...fresh.map((item) => ({ item, request: slate.request, model: slate.model }))]
      state = fresh.length || linked ? 'ready' : 'end'
    } catch (error) {
      problem = error
      state = 'error'
    } finally {
      asking = false
    }
    if (state === 'ready' && cards.length - 1 - index < AHEAD) void load()
  }

  function step(by: number): boolean {
    const to = Math.max(0, Math.min(index + by, cards.length))
    if (to === index) return false
    index = to
    if (state === 'ready' && cards.length - 1 - index <= AHEAD) void load()
    return true
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
    step,
    load,
  }
}
