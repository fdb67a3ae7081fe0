/**
 * Measures how much of a video was really played, from where it stands whenever it is looked at. Seconds are those that went
 * by while it played and could be seen, replays included (what `seconds` means to the engine): at double speed a second
 * plays two seconds of the video. Seeks are told and count as nothing; the furthest second is one that was played.
 */

export interface Watched {
  seconds: number
  furthest: number
  replays: number
}

export interface Meter {
  /** It stands at `position` now, having played at `rate` since the last call. */
  advance(position: number, rate: number, duration: number): void
  /** It was put to a position: what lies between was not played. */
  jump(position: number): void
  /** Whether anything was played at all. */
  started(): boolean
  watched(): Watched
}

export function meter(): Meter {
  let last: number | undefined
  let seconds = 0
  let furthest = 0
  let replays = 0

  function advance(position: number, rate: number, duration: number): void {
    if (last !== undefined && position !== last) {
      // Nothing but a loop goes back by itself.
      const looped = position < last
      seconds += (looped ? Math.max(0, duration - last) + position : position - last) / rate
      if (looped) replays += 1
      furthest = Math.max(furthest, looped ? duration : position)
    }
    last = position
  }

  return {
    advance,
    jump: (position) => (last = position),
    started: () => seconds > 0,
    watched: () => ({ seconds: exact(seconds), furthest: exact(furthest), replays }),
  }
}

/** To the millisecond. */
function exact(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
