/** The feeds that are open, by address: whoever comes back to one finds it where it was left. */

import { ApiError, fetchVideo, type Item, type Surface } from '../api'
import { t } from '../messages/say.svelte'
import { settings } from '../settings.svelte'
import { tell } from '../toasts.svelte'
import { viewer } from '../viewer.svelte'
import { openFeed, type Feed } from './feed.svelte'

/** How many videos a finite feed has. */
const FEW = 10

/** Not a state of its own: `renewals` says when to look again. */
let opened: Record<string, Feed> = {}
let renewals = $state(0)

export function surfaceOf(path: string): Surface {
  return path === '/following' ? 'following' : path === '/plain' ? 'plain' : 'for_you'
}

/** Changes whenever feeds were opened anew. */
export function renewed(): number {
  return renewals
}

/** The feed of an address, opened if it is not; `video` is the one that a link leads to. */
export function feedAt(path: string, video: string): Feed {
  const found = opened[path]
  if (found) return found
  const feed = openFeed({
    surface: surfaceOf(path),
    viewer: viewer.id,
    ...(settings.finite ? { most: FEW } : {}),
    ...(video ? { first: linked(video) } : {}),
  })
  // Of the videos of links only the last stays open.
  const others = Object.entries(opened).filter(([at]) => !at.startsWith('/v/'))
  opened = { ...Object.fromEntries(others), [path]: feed }
  void feed.load()
  return feed
}

/** Start one feed anew, or all: somebody else looks, or what shapes them has changed. */
export function renew(path?: string): void {
  const others = Object.entries(opened).filter(([at]) => path !== undefined && at !== path)
  opened = Object.fromEntries(others)
  renewals += 1
}

async function linked(video: string): Promise<Item | undefined> {
  try {
    return await fetchVideo(video)
  } catch (error) {
    tell(error instanceof ApiError && error.status === 0 ? t('offline') : t('sharedGone'))
    return undefined
  }
}
