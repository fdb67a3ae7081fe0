/**
 * The pages of the app, by address. A page is one line here: its component is fetched when somebody goes there, and with
 * `nav` it has a place in the rail. The server answers these addresses with the app (`foryou/api/page.py`).
 */

import type { Component } from 'svelte'
import type { Plain } from './messages/say.svelte'
import type { IconName } from './parts/Icon.svelte'
import { unread } from './people/unread.svelte'

/** What a page is given: what its address names, decoded. */
export interface PageProps {
  name: string
}

export interface Page {
  /** Its first group, if it has one, is what the address names. */
  path: RegExp
  title: Plain
  /** Absent for Watch, which is always there. */
  load?: () => Promise<{ default: Component<PageProps> | Component<Record<string, never>> }>
  nav?: { href: string; icon: IconName; count?: () => number }
}

export const PAGES: readonly Page[] = [
  { path: /^\/(?:following|plain)?$/, title: 'home', nav: { href: '/', icon: 'home' } },
  { path: /^\/v\/(.+)$/, title: 'home' },
  { path: /^\/@(.+)$/, title: 'profile', load: () => import('./pages/Profile.svelte') },
  { path: /^\/s\/(.+)$/, title: 'soundPage', load: () => import('./pages/Sound.svelte') },
  { path: /^\/t\/(.+)$/, title: 'hashtag', load: () => import('./pages/Hashtag.svelte') },
  { path: /^\/series\/(.+)$/, title: 'series', load: () => import('./pages/Series.svelte') },
  { path: /^\/saved(?:\/(.+))?$/, title: 'saved', load: () => import('./pages/Saved.svelte') },
  { path: /^\/liked$/, title: 'liked', load: () => import('./pages/Liked.svelte') },
  { path: /^\/signin$/, title: 'account', load: () => import('./pages/SignIn.svelte') },
  {
    path: /^\/inbox$/,
    title: 'inbox',
    load: () => import('./pages/Inbox.svelte'),
    nav: { href: '/inbox', icon: 'inbox', count: unread },
  },
  {
    path: /^\/tune$/,
    title: 'tune',
    load: () => import('./pages/Tune.svelte'),
    nav: { href: '/tune', icon: 'tune' },
  },
  {
    path: /^\/how$/,
    title: 'how',
    load: () => import('./pages/How.svelte'),
  },
  { path: /^\/data$/, title: 'data', load: () => import('./pages/Data.svelte') },
  {
    path: /^\/you$/,
    title: 'youShort',
    load: () => import('./pages/You.svelte'),
    nav: { href: '/you', icon: 'you' },
  },
]

const MISSING: Page = { path: /^/, title: 'missingTitle', load: () => import('./pages/Missing.svelte') }

export function pageAt(path: string): { page: Page; name: string } {
  for (const page of PAGES) {
    const found = page.path.exec(path)
    if (found) return { page, name: decoded(found[1] ?? '') }
  }
  return { page: MISSING, name: path }
}

/** Whether an address leads anywhere: links to pages that are not there are texts. */
export function leads(path: string): boolean {
  return pageAt(path).page !== MISSING
}

/** The path of a name, each part of it encoded. */
export function pathOf(kind: 'v' | 's' | 't' | 'series' | '@', name: string): string {
  const safe = name.split('/').map(encodeURIComponent).join('/')
  return kind === '@' ? `/@${safe}` : `/${kind}/${safe}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
