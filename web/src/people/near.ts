/** Says when something comes near the part of a page that is in sight: `use:near={does}`. */

export function near(node: Element, does: () => void): { destroy(): void } {
  const watcher = new IntersectionObserver(([seen]) => seen?.isIntersecting && does(), {
    rootMargin: '600px',
  })
  watcher.observe(node)
  return { destroy: () => watcher.disconnect() }
}
