import { hash } from 'node:crypto'
import { storedHeaderText } from './header-text.ts'

/** An ETag over what an answer depends on, as CouchDB writes them: an MD5 in base 36. */
export function makeEtag(text: string): string {
  return BigInt(`0x${hash('md5', text)}`)
    .toString(36)
    .toUpperCase()
}

/** Returns a tag as the header has it: one that is too long, as a revision of a peer may be, by its digest. */
export function quotedEtag(tag: string): string {
  return `"${storedHeaderText(tag) ?? makeEtag(tag)}"`
}
