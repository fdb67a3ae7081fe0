/** Where in the app one is: the address, kept with the history API. Links within the app are followed without a load. */

let path = $state(location.pathname)
let search = $state(location.search)

export function here(): string {
  return path
}

/** What the address asks for beside its path: `asked('comments')` of `?comments=ID`; undefined where it does not. */
export function asked(name: string): string | undefined {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- it is read once
  return new URLSearchParams(search).get(name) ?? undefined
}

export function go(to: string, replace = false): void {
  if (to === location.pathname + location.search) return
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  moved()
}

function moved(): void {
  path = location.pathname
  search = location.search
}

/** Follow the browser's buttons and links; returns what stops it. */
export function follow(): () => void {
  addEventListener('popstate', moved)
  document.addEventListener('click', clicked)
  return () => {
    removeEventListener('popstate', moved)
    document.removeEventListener('click', clicked)
  }
}

function clicked(event: MouseEvent): void {
  if (
    event.defaultPrevented ||
    event.button ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey ||
    event.altKey
  )
    return
  const link = (event.target as Element | null)?.closest?.('a[href]')
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return
  if (link.origin !== location.origin || link.pathname.startsWith('/v1/')) return
  event.preventDefault()
  go(link.pathname + link.search)
}
