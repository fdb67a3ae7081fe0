/** Where a tap saves: in the collection that was last chosen in this browser. */

import { store, stored } from '../identity'

const KEY = 'foryou.collection.'

/** Its name; empty: in none. */
export function usual(viewer: string): string {
  return stored(KEY + viewer) ?? ''
}

export function makeUsual(viewer: string, collection: string): void {
  store(KEY + viewer, collection)
}
