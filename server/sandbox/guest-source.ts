import { readFile } from 'node:fs/promises'

let loading: Promise<string> | undefined

/**
 * Returns the program that makes a fresh engine ready, as a script whose value is `start` of guest/main.ts: a file that
 * the build makes beside this one, or a bundle made now where the server runs from its source, as in tests.
 */
export function guestSource(): Promise<string> {
  return (loading ??= import.meta.url.endsWith('.ts') ? bundle() : read())
}

function read(): Promise<string> {
  return readFile(new URL('guest.js', import.meta.url), 'utf8')
}

async function bundle(): Promise<string> {
  const { href } = new URL('../../scripts/guest-bundle.ts', import.meta.url)
  const { bundleGuest } = (await import(href)) as { bundleGuest: () => string }
  return bundleGuest()
}
