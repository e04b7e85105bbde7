import { hash } from 'node:crypto'

/** An ETag over what an answer depends on, as CouchDB writes them: an MD5 in base 36. */
export function makeEtag(text: string): string {
  return BigInt(`0x${hash('md5', text)}`)
    .toString(36)
    .toUpperCase()
}
