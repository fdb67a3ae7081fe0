/**
 * What a page needs first, asked for while the rest of its script is still on its way: the texts, and the first slate of
 * the feed that it opens with. A script of its own, which runs before all others (`vite.config.ts`).
 */

import type { Slate, Surface } from './api'
import { flush } from './events/outbox'
import { currentViewer, newcomer } from './identity'
import { textsIn, wanted } from './messages/languages'
import { ask } from './watch/ask'

/** How long a slate may wait for events that are still on their way: they should shape it. */
const EVENTS_FIRST_MS = 1200

interface Opening {
  surface: Surface
  viewer: string
  session: string
  slate: Promise<Slate>
}

textsIn(wanted).catch(() => undefined) // asked for again by who needs them
let opening = asked(location.pathname)

/** The slate that was asked for as the page began, if it is of this feed; handed out once. */
export function openingOf(surface: Surface, viewer: string): Opening | undefined {
  const found = opening?.surface === surface && opening.viewer === viewer ? opening : undefined
  opening = undefined
  return found
}

/** Wait for the events that are on their way. */
export async function eventsFirst(): Promise<void> {
  await Promise.race([flush(), new Promise((resolve) => setTimeout(resolve, EVENTS_FIRST_MS))])
}

function asked(path: string): Opening | undefined {
  const found = /^\/(?:(following|plain)?|v\/.+)$/.exec(path)
  if (!found) return undefined
  const [surface, viewer, session] = [
    (found[1] ?? 'for_you') as Surface,
    currentViewer(),
    crypto.randomUUID(),
  ]
  const question = { surface, viewer, session, language: wanted }
  const slate = newcomer ? ask(question) : eventsFirst().then(() => ask(question))
  slate.then(({ items: [one] }) => one?.poster && picture(one.poster)).catch(() => undefined) // told by the feed
  return { surface, viewer, session, slate }
}

/** It is shown as soon as there is a card to show it on. */
function picture(address: string): void {
  const image = new Image()
  image.fetchPriority = 'high'
  image.src = address
}
