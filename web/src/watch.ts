/** Measures how long a card is really looked at: only while it is the current one, the tab is visible and nothing is paused. */

export interface Watched {
  seconds: number
  furthest: number
  replays: number
}

export interface Meter {
  /** Seconds looked at so far. */
  seconds(): number
  /** Count only while every reason given is true. */
  when(reason: string, holds: boolean): void
  running(): boolean
  /** Whether it has run at all. */
  started(): boolean
  watched(): Watched
}

/** A meter for a video of `duration` seconds (absent: unknown, then it never ends and never replays). */
export function meter(
  duration: number | null | undefined,
  now: () => number = () => performance.now(),
): Meter {
  const against = new Set<string>(['start'])
  let counted = 0
  let since: number | undefined
  let ran = false

  function seconds(): number {
    return (counted + (since === undefined ? 0 : now() - since)) / 1000
  }

  function when(reason: string, holds: boolean): void {
    if (holds) against.delete(reason)
    else against.add(reason)
    if (against.size === 0 && since === undefined) {
      since = now()
      ran = true
    } else if (against.size > 0 && since !== undefined) {
      counted += now() - since
      since = undefined
    }
  }

  function watched(): Watched {
    const total = round(seconds())
    if (!duration || duration <= 0) return { seconds: total, furthest: total, replays: 0 }
    return {
      seconds: total,
      furthest: Math.min(total, duration),
      replays: Math.max(0, Math.ceil(total / duration) - 1),
    }
  }

  return { seconds, when, running: () => since !== undefined, started: () => ran, watched }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
