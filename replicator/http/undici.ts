import { createRequire } from 'node:module'

type Undici = typeof import('undici')

let loaded: Undici | undefined

/** Returns the HTTP client, which takes 8 MB of memory: a server that asks no peer does not load it. */
export function undici(): Undici {
  return (loaded ??= createRequire(import.meta.url)('undici') as Undici)
}
