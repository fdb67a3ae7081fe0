/** Holding a button does something else than a tap on it. */

const HOLD_MS = 450
const STRAY_PX = 12
/** A click that comes so soon after the hold ended is its own. */
const AFTER_MS = 300

/** Listen on a button; returns what stops it. */
export function held(button: HTMLElement, does: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let from = { x: 0, y: 0 }
  let done = false

  function press(event: PointerEvent): void {
    if (event.button || !event.isPrimary) return
    done = false
    from = { x: event.clientX, y: event.clientY }
    timer = setTimeout(() => {
      done = true
      addEventListener('click', swallow, true)
      does()
    }, HOLD_MS)
    addEventListener('pointerup', lift, { once: true })
    addEventListener('pointercancel', lift, { once: true })
  }

  function move(event: PointerEvent): void {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > STRAY_PX) clearTimeout(timer)
  }

  function lift(): void {
    clearTimeout(timer)
    setTimeout(() => removeEventListener('click', swallow, true), AFTER_MS)
  }

  /** Wherever it lands: what was opened may lie under the finger by now. One that a key made is another's. */
  function swallow(event: MouseEvent): void {
    if (!event.detail) return
    event.preventDefault()
    event.stopPropagation()
  }

  const stay = (event: Event) => done && event.preventDefault()
  button.addEventListener('pointerdown', press)
  button.addEventListener('pointermove', move)
  button.addEventListener('contextmenu', stay)
  return () => {
    lift()
    button.removeEventListener('pointerdown', press)
    button.removeEventListener('pointermove', move)
    button.removeEventListener('contextmenu', stay)
  }
}
