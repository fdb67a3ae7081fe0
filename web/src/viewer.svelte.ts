/** Who looks, as one state for the whole page. */

import { becomeViewer, currentViewer, ownViewer } from './identity'

let id = $state(currentViewer())

export const viewer = {
  get id(): string {
    return id
  },
  /** Whether this is somebody else than this browser's own viewer. */
  get borrowed(): boolean {
    return id !== ownViewer()
  },
  /** Look as another viewer; an empty name means this browser's own again. */
  become(name: string): void {
    id = becomeViewer(name)
  },
}
