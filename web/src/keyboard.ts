/** Which key does what, and when a key is not ours to take. */

export type KeyMap = Record<string, (event: KeyboardEvent) => void>

/** Keys that may be held down to go on and on. */
const REPEATING = new Set(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'ArrowLeft', 'ArrowRight'])

/**
 * What a key press does; nothing where it belongs to a field, a button, an open dialog or the browser. Keys of one character are `letters`,
 * which can be off (WCAG 2.1.4).
 */
export function meaning(event: KeyboardEvent, keys: KeyMap, letters: boolean): KeyMap[string] | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event))
    return undefined
  if (event.repeat && !REPEATING.has(event.key)) return undefined
  const letter = event.key.length === 1 && event.key !== ' '
  if (letter && !letters) return undefined
  return keys[letter ? event.key.toLowerCase() : event.key]
}

function isTaken(event: KeyboardEvent): boolean {
  if (document.querySelector('dialog:modal')) return true
  const target = event.target
  if (!(target instanceof Element)) return false
  // A dialog that was closed keeps the focus until the browser draws again: what is in it is no longer asked.
  if (target.closest('dialog:not([open])')) return false
  if (target.closest('input, textarea, select')) return true
  if (event.key === ' ' && target.closest('button')) return true
  return /^(Arrow|Page)/.test(event.key) && target.closest('[role=dialog], [role=tablist]') !== null
}
