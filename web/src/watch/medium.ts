/** What plays: a video, or, for what has no file, a clock that runs as a video in a loop would. */

export interface Medium {
  currentTime: number
  readonly duration: number
  /** As of HTMLMediaElement: from 2 on there is something to see. */
  readonly readyState: number
  playbackRate: number
  muted: boolean
  play(): Promise<void>
  pause(): void
}

/** A medium of `duration` seconds without a picture; without a duration it goes on for ever. */
export function still(duration: number | null | undefined, now = () => performance.now()): Medium {
  const length = duration && duration > 0 ? duration : Infinity
  let base = 0
  let since: number | undefined
  let rate = 1

  function position(): number {
    const at = base + (since === undefined ? 0 : ((now() - since) / 1000) * rate)
    return length === Infinity ? at : at % length
  }
  function settle(at: number): void {
    base = at
    if (since !== undefined) since = now()
  }

  return {
    get currentTime() {
      return position()
    },
    set currentTime(to) {
      settle(Math.max(0, Math.min(to, length)))
    },
    duration: length,
    readyState: 4,
    get playbackRate() {
      return rate
    },
    set playbackRate(to) {
      settle(position())
      rate = to
    },
    muted: true,
    async play() {
      since ??= now()
    },
    pause() {
      settle(position())
      since = undefined
    },
  }
}
