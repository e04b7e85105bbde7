import { createRequire } from 'node:module'
import type * as undiciModule from 'undici'

type Undici = typeof undiciModule

let loaded: Undici | undefined

/** Returns the HTTP client, which takes 8 MB of memory: a server that asks no peer does not load it. */
export function undici(): Undici {
  return (loaded ??= createRequire(import.meta.url)('undici') as Undici)
}
