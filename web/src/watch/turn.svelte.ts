/** A video that lies on its side, over the whole screen: the device is turned where it can be, else the picture is. */

/** `full`: the screen is all its own; `turned`: the page has turned it. */
type How = 'full' | 'turned'

interface Lockable {
  lock?: (to: 'landscape') => Promise<void>
}

let how = $state<How>()
let stage: HTMLElement | undefined

export const turn = {
  get how(): How | undefined {
    return how
  },
  /** This is what would be turned, from now on; returns what ends that. */
  offer(element: HTMLElement): () => void {
    stage = element
    return () => {
      if (stage !== element) return
      stage = undefined
      end()
    }
  },
  /** Turn it, or back; nothing where there is nothing to turn. */
  toggle(): void {
    if (how) end()
    else if (stage) void begin(stage)
  },
  end,
}

async function begin(element: HTMLElement): Promise<void> {
  if (await filled(element)) {
    how = 'full'
    const lies = innerWidth > innerHeight
    if ((await locked()) || lies || how === undefined) return
    await document.exitFullscreen().catch(() => undefined)
  }
  if (stage === element) how = 'turned'
}

async function filled(element: HTMLElement): Promise<boolean> {
  try {
    await element.requestFullscreen({ navigationUI: 'hide' })
    return true
  } catch {
    return false // not here, or not now
  }
}

async function locked(): Promise<boolean> {
  const screens = screen.orientation as (ScreenOrientation & Lockable) | undefined
  if (!screens?.lock) return false
  try {
    await screens.lock('landscape')
    return true
  } catch {
    return false // it does not turn
  }
}

function end(): void {
  how = undefined
  if (!document.fullscreenElement) return
  screen.orientation?.unlock?.()
  void document.exitFullscreen().catch(() => undefined)
}

document.addEventListener('fullscreenchange', () => {
  if (!document.fullscreenElement && how === 'full') how = undefined
})
