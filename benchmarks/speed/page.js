// What the benchmark of the page notes inside it. Times are ms since the page was asked for, or since a key was pressed.
;(() => {
  const noted = { shown: null, plays: null, moved: 0, busy: [], next: null, opened: null }
  globalThis.noted = noted
  const current = () => document.querySelector('[data-current]')

  // The first picture of the first video: a frame of it, not its poster.
  const first = (event) => {
    const video = event.target
    video.requestVideoFrameCallback?.(() => {
      if (noted.shown !== null || !current()?.contains(video)) return
      noted.shown = performance.now()
      console.debug('shown')
    })
  }
  addEventListener('loadstart', first, true)
  addEventListener('playing', () => (noted.plays ??= performance.now()), true)

  const observe = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
  observe('layout-shift', (entry) => !entry.hadRecentInput && (noted.moved += entry.value))
  observe('longtask', ({ startTime, duration }) => noted.busy.push([startTime, duration]))

  // From a key to a picture of the next video that moves, and to the bars of Why, drawn.
  addEventListener(
    'keydown',
    ({ key, timeStamp }) => {
      if (key === 'j') next(timeStamp, current())
      if (key === 'w') opened(timeStamp)
    },
    true,
  )

  function next(since, before) {
    noted.next = null
    const look = () => {
      const card = current()
      if (card === before) return requestAnimationFrame(look)
      card.querySelector('video')?.requestVideoFrameCallback(() => {
        noted.next = performance.now() - since
        console.debug('next')
      })
    }
    requestAnimationFrame(look)
  }

  function opened(since) {
    noted.opened = null
    const look = () => {
      if (!document.querySelector('[data-family]')) return requestAnimationFrame(look)
      // After the frame that it is in.
      requestAnimationFrame(() => {
        noted.opened = performance.now() - since
        console.debug('opened')
      })
    }
    requestAnimationFrame(look)
  }
})()
