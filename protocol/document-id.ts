import { fail } from './errors.ts'

declare const brand: unique symbol

/** A document's id: "order-7", "_design/views", "_local/checkpoint". */
export type DocId = string & { readonly [brand]: 'DocId' }

/** Beginning of the ids of design documents. */
export const DESIGN = '_design/'

/** First id behind all design documents in bytewise order. */
export const DESIGN_END = '_design0'

const LOCAL = '_local/'
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Checks a document's id (CouchDB: `couch_doc:validate_docid/1`).
 *
 * @param maxBytes `[couchdb] max_document_id_length`, in bytes of UTF-8
 * @throws `illegal_docid` with CouchDB's reasons
 */
export function parseDocId(value: unknown, maxBytes = Infinity): DocId {
  if (typeof value !== 'string') throw fail('docIdNotString')
  if (value === '') throw fail('illegalDocId', 'Document id must not be empty')
  if (value === DESIGN || value === LOCAL) throw fail('illegalDocId', `Illegal document id \`${value}\``)
  if (value.length > maxBytes / 3 && Buffer.byteLength(value) > maxBytes) {
    throw fail('illegalDocId', 'Document id is too long')
  }
  if (LONE_SURROGATE.test(value)) throw fail('illegalDocId', 'Document id must be valid UTF-8')
  if (value.startsWith('_') && !value.startsWith(DESIGN) && !value.startsWith(LOCAL)) {
    throw fail('illegalDocId', 'Only reserved document ids may start with underscore.')
  }
  return value as DocId
}

/** Takes a text for an id, unchecked: one that is stored, that was made of an id, or that a document is only looked up by. */
export function asDocId(text: string): DocId {
  return text as DocId
}

/** Returns true for the id of a design document: "_design/…". */
export function isDesignId(id: string): boolean {
  return id.startsWith(DESIGN)
}

/** Returns true for the id of a `_local` document: "_local/…". */
export function isLocalId(id: string): boolean {
  return id.startsWith(LOCAL)
}

/**
 * Orders ids as CouchDB does: by their UTF-8 bytes. JavaScript compares UTF-16 units, which is the same but for
 * characters beyond U+FFFF, whose surrogates come before U+E000 there.
 */
export function compareDocIds(a: string, b: string): number {
  if (a === b) return 0
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : 1
}

const SURROGATE = /[\ud800-\udfff]/
