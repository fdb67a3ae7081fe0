/** The wheel: one step for one gesture, however long the gesture goes on. Fingers scroll by themselves. */

const WHEEL_STEP = 24
/** A trackpad goes on sending for up to a second after a flick; a pause this long ends the gesture. By when the turns
 * were made: a page that is busy hears them late. */
const WHEEL_REST_MS = 180

/** Listen on an element; returns what stops it. */
export function listen(element: HTMLElement, step: (by: 1 | -1) => void): () => void {
  let turned = 0
  let spent = false
  let strength = 0
  let last = -Infinity

  function wheel(event: WheelEvent): void {
    if (event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return
    event.preventDefault()
    const size = Math.abs(event.deltaY)
    if (event.timeStamp - last > WHEEL_REST_MS) [spent, turned, strength] = [false, 0, 0]
    last = event.timeStamp
    // A flick within another's after-run is clearly stronger than what came just before it.
    if (spent && size > strength * 1.8 && size > 40) [spent, turned] = [false, 0]
    strength = size
    turned += event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 24 : event.deltaY
    if (!spent && Math.abs(turned) >= WHEEL_STEP) {
      spent = true
      step(turned > 0 ? 1 : -1)
    }
  }

  element.addEventListener('wheel', wheel, { passive: false })
  return () => element.removeEventListener('wheel', wheel)
}
