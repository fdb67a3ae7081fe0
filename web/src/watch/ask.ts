/** One slate of a feed asked for: what the engine is told of who looks, where and in what language. */

import { fetchFeed, type Slate, type Surface } from '../api'
import { country, device, timeZone } from '../identity'
import type { Language } from '../messages/languages'

const PAGE = 10

export interface Question {
  surface: Surface
  session: string
  viewer: string
  language: Language
}

/** The plain feed gets no viewer, device or time zone. */
export function ask({ surface, session, viewer, language }: Question): Promise<Slate> {
  const personal = surface === 'plain' ? {} : { viewer, device: device(), time_zone: timeZone() }
  const place = country()
  const query = { surface, session, n: PAGE, language, ...(place ? { country: place } : {}) }
  return fetchFeed({ ...query, ...personal })
}
