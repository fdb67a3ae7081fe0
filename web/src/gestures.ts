/** Wheel and touch: one step for one gesture, however long the gesture goes on. */

export interface Gestures {
  step(by: 1 | -1): void
  /** While a finger drags: how far, in pixels; 0 once it is let go. */
  drag(pixels: number): void
}

const WHEEL_STEP = 24
/** A trackpad goes on sending for up to a second after a flick; a pause this long ends the gesture. */
const WHEEL_REST_MS = 140
const SWIPE_SHARE = 0.16
const SWIPE_SPEED = 0.45

/** Listen on an element; returns what stops it. */
export function listen(element: HTMLElement, { step, drag }: Gestures): () => void {
  let turned = 0
  let spent = false
  let rest: ReturnType<typeof setTimeout> | undefined
  let strength = 0

  function wheel(event: WheelEvent): void {
    if (event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return
    event.preventDefault()
    const size = Math.abs(event.deltaY)
    // A flick within another's after-run is clearly stronger than what came just before it.
    if (spent && size > strength * 1.8 && size > 40) [spent, turned] = [false, 0]
    strength = size
    turned += event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 24 : event.deltaY
    clearTimeout(rest)
    rest = setTimeout(() => ([spent, turned, strength] = [false, 0, 0]), WHEEL_REST_MS)
    if (!spent && Math.abs(turned) >= WHEEL_STEP) {
      spent = true
      step(turned > 0 ? 1 : -1)
    }
  }

  let from: { x: number; y: number; at: number } | undefined
  let moved = 0
  let upright: boolean | undefined

  function start(event: TouchEvent): void {
    const touch = event.touches[0]
    from =
      event.touches.length === 1 && touch
        ? { x: touch.clientX, y: touch.clientY, at: event.timeStamp }
        : undefined
    moved = 0
    upright = undefined
  }

  function move(event: TouchEvent): void {
    const touch = event.touches[0]
    if (!from || !touch) return
    const [dx, dy] = [touch.clientX - from.x, touch.clientY - from.y]
    if (upright === undefined && Math.hypot(dx, dy) > 8) upright = Math.abs(dy) > Math.abs(dx)
    if (!upright) return
    if (event.cancelable) event.preventDefault()
    moved = dy
    drag(dy)
  }

  function end(event: TouchEvent): void {
    if (!from) return
    const speed = moved / Math.max(1, event.timeStamp - from.at)
    const far = Math.abs(moved) > element.clientHeight * SWIPE_SHARE
    from = undefined
    drag(0)
    if (upright && event.type === 'touchend' && (far || Math.abs(speed) > SWIPE_SPEED))
      step(moved < 0 ? 1 : -1)
  }

  element.addEventListener('wheel', wheel, { passive: false })
  element.addEventListener('touchstart', start, { passive: true })
  element.addEventListener('touchmove', move, { passive: false })
  element.addEventListener('touchend', end)
  element.addEventListener('touchcancel', end)
  return () => {
    clearTimeout(rest)
    element.removeEventListener('wheel', wheel)
    element.removeEventListener('touchstart', start)
    element.removeEventListener('touchmove', move)
    element.removeEventListener('touchend', end)
    element.removeEventListener('touchcancel', end)
  }
}
