/** What a video is about, by its hashtags. */

import anything from '../../../foryou/features/anything.json'

/** What creators put on any video so that it is found; it says nothing of what the video is about. */
const ANYTHING = new Set(anything)

export function tellsTopic(tag: string): boolean {
  return !ANYTHING.has(tag.toLowerCase())
}

/** Hashtags without their sign, those that tell a topic first. */
export function topicsOf({ hashtags }: { hashtags?: readonly string[] | null }): string[] {
  const tags = (hashtags ?? []).map((tag) => tag.replace(/^#+/, ''))
  return [...tags.filter(tellsTopic), ...tags.filter((tag) => !tellsTopic(tag))]
}
