/**
 * What this page shows the engine where one is needed: a viewer's token or a key, kept for this tab only. An app hands it
 * over behind the # of a link (`/#token=...`), which a browser sends to nobody and which is taken out of the address.
 */

const SHOWN = 'foryou.access'

let shown = ''

try {
  shown = sessionStorage.getItem(SHOWN) ?? ''
} catch {
  // Storage is forbidden: it holds for this page only.
}

const handed = new URLSearchParams(location.hash.slice(1)).get('token')
if (handed) {
  show(handed)
  history.replaceState(null, '', location.pathname + location.search)
}

/** Show this from now on. */
export function show(credential: string): void {
  shown = credential.trim()
  try {
    sessionStorage.setItem(SHOWN, shown)
  } catch {
    // Storage is forbidden: it holds for this page only.
  }
}

/** The headers of a call. */
export function authorization(): Record<string, string> {
  return shown ? { authorization: `Bearer ${shown}` } : {}
}

/** The viewer for whom the token is; undefined without one, or with a key. */
export function tokenViewer(): string | undefined {
  const [, claims] = shown.split('.')
  if (!claims) return undefined
  try {
    const bytes = Uint8Array.from(atob(claims.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
      letter.charCodeAt(0),
    )
    const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown }
    return typeof sub === 'string' ? sub : undefined
  } catch {
    return undefined
  }
}
