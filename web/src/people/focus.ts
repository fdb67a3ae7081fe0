/** Where the focus goes when a form is sent back: to the first field that is wrong. */

import { tick } from 'svelte'

export async function focusWrong(form: HTMLElement): Promise<void> {
  await tick()
  form.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
}
