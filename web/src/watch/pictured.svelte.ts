/** Whether the page has shown its first picture: until then, nothing is fetched that is not for it. */

let there = $state(false)

export function pictured(): boolean {
  return there
}

/** The current card has something to see. */
export function picture(): void {
  there = true
}
