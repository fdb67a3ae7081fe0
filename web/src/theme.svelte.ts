/** Dark or light: what was chosen; else dark where videos play, and the system's elsewhere. */

import { settings } from './settings.svelte'

const system = matchMedia('(prefers-color-scheme: light)')
let light = $state(system.matches)
system.addEventListener('change', () => (light = system.matches))

export function themeOf(watching: boolean): 'dark' | 'light' {
  if (settings.theme !== 'auto') return settings.theme
  return light && !watching ? 'light' : 'dark'
}
