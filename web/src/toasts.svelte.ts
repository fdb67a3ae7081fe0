/** One short message at a time, for 6 s, with a way to undo what it tells of where there is one. */

export interface Toast {
  text: string
  undo?: () => void
}

const STAYS_MS = 6000

let current = $state.raw<Toast>()
let timer: ReturnType<typeof setTimeout> | undefined

export function toast(): Toast | undefined {
  return current
}

export function tell(text: string, undo?: () => void): void {
  current = undo ? { text, undo } : { text }
  clearTimeout(timer)
  timer = setTimeout(hush, STAYS_MS)
}

export function hush(): void {
  current = undefined
  clearTimeout(timer)
}
