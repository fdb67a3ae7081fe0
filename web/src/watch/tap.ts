/** What a finger or mouse does on a picture: a tap, a double tap with its place, holding, or, for a finger, going to the
 * left. Scrolling is none of them. */

export interface Taps {
  tap(): void
  /** In pixels from the element's corner. */
  double(x: number, y: number): void
  hold(on: boolean): void
  /** A finger has swept to the left. */
  aside(): void
}

const DOUBLE_MS = 260
const HOLD_MS = 420
const STRAY_PX = 12
/** How far to the left is meant, and how many times as far as up or down. */
const ASIDE_PX = 60
const LEVEL = 2

/** Listen on an element; returns what stops it. */
export function listen(element: HTMLElement, { tap, double, hold, aside }: Taps): () => void {
  let down: { x: number; y: number } | undefined
  let from: { x: number; y: number } | undefined
  let holding: ReturnType<typeof setTimeout> | undefined
  let held = false
  let waiting: ReturnType<typeof setTimeout> | undefined
  let before: { x: number; y: number; at: number } | undefined

  function press(event: PointerEvent): void {
    if (event.button || !event.isPrimary) return
    down = { x: event.clientX, y: event.clientY }
    from = event.pointerType === 'touch' ? down : undefined
    holding = setTimeout(() => {
      held = true
      hold(true)
    }, HOLD_MS)
  }

  function move(event: PointerEvent): void {
    if (down && Math.hypot(event.clientX - down.x, event.clientY - down.y) > STRAY_PX) leave()
  }

  function leave(): void {
    clearTimeout(holding)
    down = undefined
    if (held) hold(false)
    held = false
  }

  function lift(event: PointerEvent): void {
    const tapped = down !== undefined && !held
    const left = !tapped && !held && from !== undefined && toTheLeft(from, event)
    leave()
    if (left) aside()
    if (!tapped) return
    const { x, y } = { x: event.clientX, y: event.clientY }
    const twice =
      before && event.timeStamp - before.at < DOUBLE_MS && Math.hypot(x - before.x, y - before.y) < 60
    clearTimeout(waiting)
    // By its own corner: the element may be turned.
    if (twice) double(event.offsetX, event.offsetY)
    else waiting = setTimeout(tap, DOUBLE_MS)
    before = { x, y, at: event.timeStamp }
  }

  /** The browser scrolls: what began is none of ours. */
  function scroll(): void {
    from = undefined
    leave()
  }

  const stay = (event: Event) => held && event.preventDefault()
  const heard = {
    pointerdown: press,
    pointermove: move,
    pointerup: lift,
    pointercancel: scroll,
    pointerleave: leave,
  }
  for (const [name, does] of Object.entries(heard)) element.addEventListener(name, does as EventListener)
  element.addEventListener('contextmenu', stay)
  return () => {
    leave()
    clearTimeout(waiting)
    for (const [name, does] of Object.entries(heard)) element.removeEventListener(name, does as EventListener)
    element.removeEventListener('contextmenu', stay)
  }
}

function toTheLeft(from: { x: number; y: number }, { clientX, clientY }: PointerEvent): boolean {
  const far = from.x - clientX
  return far >= ASIDE_PX && far >= LEVEL * Math.abs(clientY - from.y)
}
