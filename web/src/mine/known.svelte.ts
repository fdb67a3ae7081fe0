/** What is known of the viewer, fetched when a page opens and again after each change. */

import { ApiError } from '../api'
import { flush } from '../events/outbox'
import { viewer } from '../viewer.svelte'
import { fetchKnown, type Known } from './wire'

export interface Knowing {
  readonly known: Known | undefined
  readonly problem: ApiError | undefined
  load(): Promise<void>
}

export function openKnown(): Knowing {
  let known = $state.raw<Known>()
  let problem = $state.raw<ApiError>()
  let latest = 0

  async function load(): Promise<void> {
    const mine = ++latest
    try {
      await flush()
      const answer = await fetchKnown(viewer.id)
      if (mine === latest) [known, problem] = [answer, undefined]
    } catch (error) {
      if (mine === latest) problem = error instanceof ApiError ? error : new ApiError(0, String(error))
    }
  }

  return {
    get known() {
      return known
    },
    get problem() {
      return problem
    },
    load,
  }
}
