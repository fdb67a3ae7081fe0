/** Something that is fetched page by page, as somebody scrolls: videos, comments, an inbox. It knows nothing of what. */

/** `more`: the next page is on its way; `end`: there is no more. */
export type ShelfState = 'loading' | 'ready' | 'more' | 'error' | 'end'

export interface Shelf<Page> {
  /** The pages that are here, the first first. */
  readonly pages: readonly Page[]
  readonly state: ShelfState
  readonly problem: unknown
  /** Fetch the next page, also after one that failed. */
  more(): Promise<void>
  /** Fetch the first page again; what is shown stays until it is here. */
  again(): Promise<void>
}

export function openShelf<Page extends { next: string | null }>(
  ask: (after: string) => Promise<Page>,
): Shelf<Page> {
  let pages = $state.raw<readonly Page[]>([])
  let state = $state<ShelfState>('loading')
  let problem = $state.raw<unknown>()
  let asked = 0

  async function fetched(before: readonly Page[]): Promise<void> {
    const mine = ++asked
    state = before.length ? 'more' : 'loading'
    try {
      const page = await ask(before.at(-1)?.next ?? '')
      if (mine !== asked) return
      pages = [...before, page]
      state = page.next ? 'ready' : 'end'
    } catch (error) {
      if (mine !== asked) return
      problem = error
      state = 'error'
    }
  }

  void fetched([])
  return {
    get pages() {
      return pages
    },
    get state() {
      return state
    },
    get problem() {
      return problem
    },
    async more() {
      if (state === 'ready' || state === 'error') await fetched(pages)
    },
    again: () => fetched([]),
  }
}
