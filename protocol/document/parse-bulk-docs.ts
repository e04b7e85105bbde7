import { fail } from '../errors.ts'
import type { ByteWriter } from '../json/byte-writer.ts'
import { canonicalJson } from '../json/canonical.ts'
import { withoutDuplicates } from '../json/duplicates.ts'
import { JsonScanner } from '../json/scanner.ts'
import type { DocumentInput, DocumentLimits } from './document-input.ts'
import { finishDocument } from './parse.ts'
import { scanDocument } from './raw-document.ts'
import type { RawDocument } from './raw-document.ts'

export interface BulkDocsInput {
  readonly docs: readonly DocumentInput[]
  /** False for replicated revisions, which are stored as they are. Their terms are not computed. */
  readonly newEdits: boolean
  readonly allOrNothing: boolean
  /** The write quorum asked for, when it is an integer. */
  readonly w: number | undefined
}

/** A request as it was scanned: other members by their canonical text. */
interface RawBulk {
  readonly source: Buffer
  readonly isObject: boolean
  docs: (RawDocument | undefined)[] | undefined
  readonly others: Map<string, string>
}

const NEW_EDITS_FALSE = Buffer.from('"new_edits":false')
const HINT_WINDOW = 128

/**
 * Reads the body of `_bulk_docs`. The first document with an error fails all of them, as in CouchDB
 * (`chttpd_db:db_req/2`).
 *
 * @throws `bad_request` and what `parseDocument` throws
 */
export function parseBulkDocs(json: Uint8Array, limits: DocumentLimits = {}): BulkDocsInput {
  const guess = seemsReplicated(json)
  let raw = scanBulk(json, !guess)
  if (guess && raw.others.get('new_edits') !== 'false') raw = scanBulk(json, true)
  if (!raw.isObject) throw fail('bodyNotObject')
  if (raw.docs === undefined) throw fail(raw.others.has('docs') ? 'bulkDocsNotArray' : 'bulkDocsMissing')
  const newEdits = raw.others.get('new_edits') ?? 'true'
  const docs = raw.docs.map(doc => finishBulkDoc(raw.source, doc, newEdits, limits))
  if (newEdits !== 'true' && newEdits !== 'false') throw fail('newEditsNotBoolean')
  const w = raw.others.get('w')
  return {
    docs,
    newEdits: newEdits === 'true',
    allOrNothing: raw.others.get('all_or_nothing') === 'true',
    w: w !== undefined && /^-?\d+$/.test(w) ? Number(w) : undefined,
  }
}

function finishBulkDoc(
  source: Buffer,
  raw: RawDocument | undefined,
  newEdits: string,
  limits: DocumentLimits,
): DocumentInput {
  const doc = finishDocument(source, raw, limits)
  if (newEdits === 'false' && doc.rev === undefined && doc.revisions === undefined)
    throw fail('revisionRequired')
  return doc
}

function scanBulk(json: Uint8Array, term: boolean): RawBulk {
  const scanner = new JsonScanner(json, { term })
  const raw = scanRequest(scanner)
  if (!scanner.hasSuspiciousKeys) return raw
  return scanRequest(new JsonScanner(withoutDuplicates(scanner.source), { term }))
}

/**
 * Whether terms will not be needed, told from the beginning or the end of the text, where clients put `new_edits`. It is
 * a guess: a wrong one costs a second reading.
 */
function seemsReplicated(json: Uint8Array): boolean {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
  return (
    text.subarray(0, HINT_WINDOW).includes(NEW_EDITS_FALSE) ||
    text.subarray(-HINT_WINDOW).includes(NEW_EDITS_FALSE)
  )
}

function scanRequest(scanner: JsonScanner): RawBulk {
  const { source, term } = scanner
  scanner.term = undefined
  const others = new Map<string, string>()
  const raw: RawBulk = { source, isObject: scanner.enterObject(), docs: undefined, others }
  if (!raw.isObject) scanner.value()
  while (raw.isObject && scanner.more()) {
    const name = scanner.namedKey()
    if (name === 'docs') raw.docs = scanDocs(scanner, term)
    if (name === 'docs' && raw.docs !== undefined) continue
    scanner.next()
    const start = scanner.position
    scanner.value()
    others.set(name, canonicalJson(source.subarray(start, scanner.position)).toString())
  }
  scanner.end()
  return raw
}

/** @param term where the documents' terms go; the request around them has none */
function scanDocs(
  scanner: JsonScanner,
  term: ByteWriter | undefined,
): (RawDocument | undefined)[] | undefined {
  if (!scanner.enterArray()) return undefined
  const docs: (RawDocument | undefined)[] = []
  while (scanner.more()) {
    scanner.element()
    scanner.term = term
    docs.push(scanDocument(scanner))
    scanner.term = undefined
  }
  return docs
}
