/** What a video is about, by its hashtags. */

/** What creators put on any video so that it is found; it says nothing of what the video is about. */
const ANYTHING = new Set(
  (
    'fyp fypage foryou foryoupage foru fy viral viralvideo trending trend explore explorepage xyzbca relatable mood ' +
    'weekend dailyvlog voorjou voorjoupagina fypnl herkenbaar nederland vlaanderen fordeg kjenndegigjen helg norge norsk ' +
    'norskhumor'
  ).split(' '),
)

export function tellsTopic(tag: string): boolean {
  return !ANYTHING.has(tag.toLowerCase())
}

/** Hashtags without their sign, those that tell a topic first. */
export function topicsOf({ hashtags }: { hashtags?: readonly string[] | null }): string[] {
  const tags = (hashtags ?? []).map((tag) => tag.replace(/^#+/, ''))
  return [...tags.filter(tellsTopic), ...tags.filter((tag) => !tellsTopic(tag))]
}
