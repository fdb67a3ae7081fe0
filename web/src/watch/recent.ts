/** The last ten videos that were watched, kept to be played without a network. */

import type { Item } from '../api'
import { store, stored } from '../identity'

const KEY = 'foryou.recent.'
const KEEP = 10

export function recent(viewer: string): Item[] {
  try {
    return JSON.parse(stored(KEY + viewer) ?? '[]') as Item[]
  } catch {
    return []
  }
}

/** Keep a video, and ask the service worker to keep its files. */
export function remember(viewer: string, item: Item): void {
  const kept = [item, ...recent(viewer).filter(({ video }) => video !== item.video)].slice(0, KEEP)
  store(KEY + viewer, JSON.stringify(kept))
  const files = kept.flatMap(({ media, poster, subtitles }) => [media, poster, subtitles])
  const keep = files.filter((url): url is string => typeof url === 'string' && url.startsWith('/'))
  navigator.serviceWorker?.controller?.postMessage({ keep })
}
