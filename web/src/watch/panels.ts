/** What can stand beside the feed, by name. A panel is one line here; it is fetched when it is first opened. */

import type { Component } from 'svelte'
import type { Card, Feed } from './feed.svelte'

export interface PanelProps {
  card: Card
  feed: Feed
  /** What in it the address asks for: a comment, say. */
  about?: string
  close: () => void
}

export type PanelName = 'why' | 'comments'

export const PANELS: Partial<Record<PanelName, () => Promise<{ default: Component<PanelProps> }>>> = {
  why: () => import('./Why.svelte'),
  comments: () => import('../comments/Comments.svelte'),
}
