/** The wheel: one step for one gesture, however long the gesture goes on. Fingers scroll by themselves. */

const WHEEL_STEP = 24
/** A trackpad goes on sending for up to a second after a flick; a pause this long ends the gesture. */
const WHEEL_REST_MS = 140

/** Listen on an element; returns what stops it. */
export function listen(element: HTMLElement, step: (by: 1 | -1) => void): () => void {
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

  element.addEventListener('wheel', wheel, { passive: false })
  return () => {
    clearTimeout(rest)
    element.removeEventListener('wheel', wheel)
  }
}
