import { bufferOf } from '../bytes.ts'
import { fail } from '../errors.ts'
import type { ByteWriter } from '../json/byte-writer.ts'
import { canonicalJson } from '../json/canonical.ts'
import { withoutDuplicates } from '../json/duplicates.ts'
import { JsonScanner } from '../json/scanner.ts'
import type { DocumentInput, DocumentLimits } from './document-input.ts'
import { finishDocument, requireRevision } from './parse.ts'
import { runSteps, type Steps } from '../steps.ts'
import { DocumentScanner } from './raw-document.ts'
import type { RawDocument } from './raw-document.ts'

export interface BulkDocsInput {
  readonly docs: readonly DocumentInput[]
  /** False for replicated revisions, which are stored as they are. Their terms are not computed. */
  readonly newEdits: boolean
  readonly allOrNothing: boolean
  /** The requested write quorum, if it is an integer. */
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

/** Limits on `_bulk_docs`; none by default. */
export interface BulkLimits extends DocumentLimits {
  /** `[couchdb] max_bulk_docs_count`. */
  readonly maxCount?: number
}

/** The members that mean something; of others nothing is kept. */
const MEMBERS = new Set(['docs', 'new_edits', 'all_or_nothing', 'w'])

/** Documents that are made sense of between two steps. */
const DOCS_IN_STEP = 32

/**
 * Reads the body of `_bulk_docs`. The first document with an error fails all of them, as in CouchDB
 * (`chttpd_db:db_req/2`).
 *
 * @throws `bad_request`, `max_bulk_docs_count_exceeded` and what `parseDocument` throws
 */
export function parseBulkDocs(json: Uint8Array, limits: BulkLimits = {}): BulkDocsInput {
  return runSteps(parseBulkDocsInSteps(json, limits))
}

/** As `parseBulkDocs`, for bodies of requests, which may be long. Reading ends at the first document too many. */
export function* parseBulkDocsInSteps(json: Uint8Array, limits: BulkLimits): Steps<BulkDocsInput> {
  const guess = seemsReplicated(json)
  const most = limits.maxCount ?? Infinity
  let raw = yield* scanBulk(json, !guess, most)
  if (guess && raw.others.get('new_edits') !== 'false') raw = yield* scanBulk(json, true, most)
  if (!raw.isObject) throw fail('bodyNotObject')
  if (raw.docs === undefined) throw fail(raw.others.has('docs') ? 'bulkDocsNotArray' : 'bulkDocsMissing')
  const newEdits = raw.others.get('new_edits') ?? 'true'
  const docs: DocumentInput[] = []
  for (const doc of raw.docs) {
    docs.push(yield* finishBulkDoc(raw.source, doc, newEdits, limits))
    if (docs.length % DOCS_IN_STEP === 0) yield
  }
  if (newEdits !== 'true' && newEdits !== 'false') throw fail('newEditsNotBoolean')
  const w = raw.others.get('w')
  return {
    docs,
    newEdits: newEdits === 'true',
    allOrNothing: raw.others.get('all_or_nothing') === 'true',
    w: w !== undefined && /^-?\d{1,15}$/.test(w) ? Number(w) : undefined,
  }
}

function* finishBulkDoc(
  source: Buffer,
  raw: RawDocument | undefined,
  newEdits: string,
  limits: DocumentLimits,
): Steps<DocumentInput> {
  const doc = yield* finishDocument(source, raw, limits)
  return newEdits === 'false' ? requireRevision(doc) : doc
}

function* scanBulk(json: Uint8Array, term: boolean, most: number): Steps<RawBulk> {
  const scanner = new JsonScanner(json, { term })
  const raw = yield* scanRequest(scanner, most)
  if (!scanner.hasSuspiciousKeys) return raw
  const unique = yield* withoutDuplicates(scanner.source)
  return yield* scanRequest(new JsonScanner(unique, { term }), most)
}

/**
 * Guesses whether terms are not needed from the beginning or end of the text, where clients put `new_edits`. It is
 * a guess: a wrong one costs a second reading.
 */
function seemsReplicated(json: Uint8Array): boolean {
  const text = bufferOf(json)
  return (
    text.subarray(0, HINT_WINDOW).includes(NEW_EDITS_FALSE) ||
    text.subarray(-HINT_WINDOW).includes(NEW_EDITS_FALSE)
  )
}

function* scanRequest(scanner: JsonScanner, most: number): Steps<RawBulk> {
  const { source, term } = scanner
  scanner.term = undefined
  const others = new Map<string, string>()
  const raw: RawBulk = { source, isObject: scanner.enterObject(), docs: undefined, others }
  if (!raw.isObject) yield* scanner.valueInSteps()
  while (raw.isObject && scanner.more()) {
    if (scanner.isPauseDue) {
      yield
      scanner.paused()
    }
    const name = scanner.namedKey()
    if (name === 'docs') raw.docs = yield* scanDocs(scanner, term, most)
    if (name === 'docs' && raw.docs !== undefined) continue
    scanner.next()
    const start = scanner.position
    yield* scanner.valueInSteps()
    if (MEMBERS.has(name)) others.set(name, shortValue(source.subarray(start, scanner.position)))
  }
  scanner.end()
  return raw
}

/** Longer than any value that means something. */
const LONG_VALUE = 64

function shortValue(json: Buffer): string {
  return json.length > LONG_VALUE ? '"too long"' : canonicalJson(json).toString()
}

/** @param term where the documents' terms go; the request around them has none */
function* scanDocs(
  scanner: JsonScanner,
  term: ByteWriter | undefined,
  most: number,
): Steps<(RawDocument | undefined)[] | undefined> {
  if (!scanner.enterArray()) return undefined
  const docs: (RawDocument | undefined)[] = []
  while (scanner.more()) {
    if (docs.length === most) throw fail('tooManyBulkDocs', String(most))
    scanner.element()
    scanner.term = term
    const scan = new DocumentScanner(scanner)
    while (!scan.run()) yield
    docs.push(scan.result)
    scanner.term = undefined
    if (!scanner.isPauseDue) continue
    yield
    scanner.paused()
  }
  return docs
}
