/** What a card looks like when there is no picture: colours from its topic, lines from its id, always the same for both. */

import type { Item } from '../api'
import { topicsOf } from './topics'

export interface Look {
  /** Hues in degrees. */
  hues: [number, number, number]
  /** Closed contour lines in a 100 x 100 box, from the inside out. */
  lines: string[]
}

/** A generator of numbers in [0, 1) that starts from a text (FNV-1a, then mulberry32). */
function chance(text: string): () => number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A hue of its own for a name, in degrees. */
export function hueOf(name: string): number {
  return Math.round(chance(`name ${name}`)() * 360)
}

const LINES = 9
const POINTS = 10

export function lookOf(item: Item): Look {
  const topic = chance(`topic ${topicsOf(item)[0]?.toLowerCase() ?? item.author ?? item.video}`)
  const own = chance(`video ${item.video}`)
  const hue = topic() * 360
  const turn = 30 + own() * 50
  return { hues: [hue, (hue + turn) % 360, (hue - turn * 0.8 + 360) % 360], lines: contours(own) }
}

function contours(own: () => number): string[] {
  const x = 25 + own() * 50
  const y = 25 + own() * 40
  const bumps = Array.from({ length: POINTS }, () => 0.72 + own() * 0.56)
  const twist = (own() - 0.5) * 0.16
  return Array.from({ length: LINES }, (_, ring) => {
    const radius = 5 + ring * ring * 0.75 + ring * 4
    const points = bumps.map((bump, i) => {
      const angle = (i / POINTS) * 2 * Math.PI + ring * twist
      const reach = radius * (1 + (bump - 1) * Math.min(1, 0.35 + ring * 0.12))
      return [x + reach * Math.cos(angle), y + reach * Math.sin(angle)] as const
    })
    return smooth(points)
  })
}

/** A closed Catmull-Rom curve through points, as cubic Béziers. */
function smooth(points: (readonly [number, number])[]): string {
  const at = (i: number) => points[(i + points.length) % points.length]!
  const text = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`
  const curves = points.map((_, i) => {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)]
    const first = text(b[0] + (c[0] - a[0]) / 6, b[1] + (c[1] - a[1]) / 6)
    const second = text(c[0] - (d[0] - b[0]) / 6, c[1] - (d[1] - b[1]) / 6)
    return `C${first} ${second} ${text(c[0], c[1])}`
  })
  return `M${text(...at(0))}${curves.join('')}Z`
}
