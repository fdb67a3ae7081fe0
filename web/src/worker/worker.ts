/**
 * The service worker: the app starts without a network, and the last videos play there. It keeps the app's own files and
 * the files that the page names (`{ keep: [...] }`), and answers nothing else: no answer of the API is ever kept.
 */

declare const __VERSION__: string
declare const __SHELL__: string[]

const worker = self as unknown as ServiceWorkerGlobalScope

const SHELL = `foryou-shell-${__VERSION__}`
const FILES = 'foryou-files'
const INDEX = '/'

/** Paths in the files' cache; until it is known, requests go their own way. */
let kept = new Set<string>()
const known = caches
  .open(FILES)
  .then((cache) => cache.keys())
  .then((requests) => void (kept = new Set([...requests.map(({ url }) => new URL(url).pathname), ...kept])))

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.addAll([INDEX, ...__SHELL__]))
      .then(() => worker.skipWaiting()),
  )
})

worker.addEventListener('activate', (event) => {
  const old = (name: string) => name.startsWith('foryou-shell-') && name !== SHELL
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  )
})

worker.addEventListener('message', (event) => {
  const { keep } = (event.data ?? {}) as { keep?: string[] }
  if (Array.isArray(keep)) event.waitUntil(hold(keep))
})

/** Keep these files and no others. */
async function hold(paths: string[]): Promise<void> {
  await known
  const cache = await caches.open(FILES)
  for (const path of [...kept].filter((path) => !paths.includes(path))) {
    kept.delete(path)
    await cache.delete(path)
  }
  for (const path of paths.filter((path) => !kept.has(path))) {
    try {
      await cache.add(path)
      kept.add(path)
    } catch {
      // It is gone, or there is no room: then it does not play without a network.
    }
  }
}

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return
  if (request.mode === 'navigate') {
    if (!/^\/(v1|schema|health|metrics)(\/|$)/.test(url.pathname)) event.respondWith(page(request))
  } else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request))
  else if (kept.has(url.pathname)) event.respondWith(file(request, url.pathname))
})

/** The newest page, or without a network the one that was kept: whatever the address, it is the same. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    const found = await caches.match(INDEX, { cacheName: SHELL })
    if (!found) throw error
    return found
  }
}

async function asset(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: SHELL })) ?? fetch(request)
}

async function file(request: Request, path: string): Promise<Response> {
  const found = await caches.match(path, { cacheName: FILES })
  if (!found) return fetch(request)
  const range = request.headers.get('range')
  return range ? part(found, range) : found
}

/** The part of a file that a player asks for (RFC 9110, 14.2): one range of bytes. */
async function part(whole: Response, range: string): Promise<Response> {
  const bytes = await whole.blob()
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? []
  const start = from ? Number(from) : Math.max(0, bytes.size - Number(to))
  const end = from && to ? Math.min(Number(to), bytes.size - 1) : bytes.size - 1
  const headers = new Headers(whole.headers)
  if ((!from && !to) || start > end) {
    headers.set('content-range', `bytes */${bytes.size}`)
    return new Response(null, { status: 416, headers })
  }
  headers.set('content-range', `bytes ${start}-${end}/${bytes.size}`)
  headers.set('content-length', String(end - start + 1))
  return new Response(bytes.slice(start, end + 1), { status: 206, headers })
}

export {}
