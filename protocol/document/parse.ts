import { parseDocId } from '../document-id.ts'
import { fail, type CouchError } from '../errors.ts'
import { canonicalizeInSteps, canonicalJson } from '../json/canonical.ts'
import { countValues } from '../json/count-values.ts'
import { withoutDuplicates } from '../json/duplicates.ts'
import { JsonScanner } from '../json/scanner.ts'
import type { Member } from '../json/scanner.ts'
import { makeRev, MAX_GENERATION, parseRev } from '../revision.ts'
import type { Rev } from '../revision.ts'
import { checkAttachmentName, parseAttachments } from './attachment-input.ts'
import type { AttachmentInput } from './attachment-input.ts'
import { DEFAULT_LIMITS } from './document-input.ts'
import type { DocumentInput, DocumentLimits, RevisionsInput } from './document-input.ts'
import { scanDocument } from './raw-document.ts'
import type { RawDocument } from './raw-document.ts'
import { parseRevisions } from './revisions-input.ts'
import { runSteps, type Steps } from '../steps.ts'

export interface ParseOptions extends DocumentLimits {
  /** True to compute the Erlang term, of which revision ids of new edits are hashes. */
  readonly term: boolean
}

/** Members that CouchDB answers, and ignores in requests. */
const IGNORED = new Set(['_revs_info', '_local_seq', '_conflicts', '_deleted_conflicts'])

/**
 * Reads a document as a client sends it (CouchDB: `couch_doc:from_json_obj_validate/1`).
 *
 * @throws `bad_request`, `doc_validation`, `illegal_docid`, `document_too_large`, as CouchDB does and in its order
 */
export function parseDocument(json: Uint8Array, options: ParseOptions): DocumentInput {
  return runSteps(parseDocumentInSteps(json, options))
}

/**
 * Reads a revision as a replicator sends it, with `_rev` or `_revisions`; no term is computed.
 *
 * @throws `bad_request` without a revision, and what `parseDocument` throws
 */
export function parseReplicated(json: Uint8Array, limits: DocumentLimits): DocumentInput {
  return requireRevision(parseDocument(json, { ...limits, term: false }))
}

/**
 * Returns the document; it is refused if its `_revisions` are empty, and does not harm the others of its batch.
 *
 * @throws `bad_request` if it names no revision, which only new edits may do
 */
export function requireRevision(document: DocumentInput): DocumentInput {
  const { rev, revisions, refusal } = document
  if (rev !== undefined || refusal !== undefined) return document
  if (revisions === undefined) throw fail('revisionRequired')
  return { ...document, refusal: fail('revisionRequired') }
}

/** As `parseDocument`, for bodies of requests, which may be long. */
export function* parseDocumentInSteps(json: Uint8Array, options: ParseOptions): Steps<DocumentInput> {
  const scanner = new JsonScanner(json, options)
  const raw = yield* scanDocument(scanner)
  scanner.end()
  if (!scanner.hasSuspiciousKeys) return yield* finishDocument(scanner.source, raw, options)
  const unique = yield* withoutDuplicates(scanner.source)
  return yield* finishDocument(unique, yield* scanDocument(new JsonScanner(unique, options)), options)
}

/**
 * Makes sense of a scanned document's special members, in the order in which they came.
 *
 * @param source the text that was scanned
 */
export function* finishDocument(
  source: Buffer,
  raw: RawDocument | undefined,
  limits: DocumentLimits,
): Steps<DocumentInput> {
  if (raw === undefined) throw fail('documentNotObject')
  const { body, term, size, depth } = raw
  const special = new SpecialMembers(limits)
  for (const member of raw.special) {
    const value = valueOf(source, member)
    if (member.name === '_attachments' && value.length > COUNTED_BYTES) yield* special.readAttachments(value)
    else special.read(member.name, value)
  }
  const { id, rev, deleted, revisions, attachments } = special
  if (limits.maxSize !== undefined && size > limits.maxSize) throw fail('documentTooLarge', id ?? '')
  attachments?.forEach(({ name }) => checkAttachmentName(name))
  const { maxDepth = DEFAULT_LIMITS.maxDepth } = limits
  const refusal = depth > maxDepth ? fail('documentTooDeep', String(maxDepth)) : special.refusal
  const input = { id, rev, deleted, revisions, attachments, body, term, size }
  return refusal === undefined ? input : { ...input, refusal }
}

class SpecialMembers {
  id: DocumentInput['id']
  rev: Rev | undefined
  deleted = false
  revisions: RevisionsInput | undefined
  attachments: AttachmentInput[] | undefined
  refusal: CouchError | undefined
  readonly #limits: DocumentLimits

  constructor(limits: DocumentLimits) {
    this.#limits = limits
  }

  read(name: string, value: Buffer): void {
    if (name === '_id') this.id = parseDocId(scalar(value), this.#limits.maxIdBytes)
    else if (name === '_rev') this.#readRev(value)
    else if (name === '_revisions') this.#readRevisions(value)
    else if (name === '_deleted') this.deleted = parseDeleted(value)
    else if (name === '_attachments') runSteps(this.readAttachments(value))
    else if (!IGNORED.has(name)) refuse(name)
  }

  /** Behind `_revisions` a `_rev` is not even looked at. */
  #readRev(value: Buffer): void {
    if (this.revisions === undefined) this.rev = parseRev(scalar(value))
  }

  *readAttachments(value: Buffer): Steps<void> {
    const { maxAttachments = DEFAULT_LIMITS.maxAttachments } = this.#limits
    if (!(yield* hasMoreValues(value, maxAttachments * MEMBERS_OF_ATTACHMENT))) {
      const { text } = yield* canonicalizeInSteps(value, { term: false })
      yield
      this.attachments = (yield* parseAttachments(text)) ?? refuse('_attachments')
      if (this.attachments.length <= maxAttachments) return
    }
    this.refusal = fail('tooManyAttachments', String(maxAttachments))
  }

  #readRevisions(value: Buffer): void {
    const { maxRevisions = DEFAULT_LIMITS.maxRevisions } = this.#limits
    if (runSteps(hasMoreValues(value, maxRevisions + MEMBERS_OF_REVISIONS))) {
      this.refusal = fail('tooManyRevisions', String(maxRevisions))
      return
    }
    this.revisions = parseRevisions(canonicalJson(value)) ?? refuse('_revisions')
    const { start } = this.revisions
    if (start < 0 || start > MAX_GENERATION) this.refusal = fail('badGeneration')
    const [newest] = this.revisions.ids
    this.rev = newest === undefined ? undefined : makeRev(this.revisions.start, newest)
  }
}

/** Values that an attachment's description may have. */
const MEMBERS_OF_ATTACHMENT = 16
/** Values of `_revisions` besides its `ids`. */
const MEMBERS_OF_REVISIONS = 16
/** Shorter texts cannot hold enough values to matter. */
const COUNTED_BYTES = 64 * 1024

function* hasMoreValues(json: Buffer, most: number): Steps<boolean> {
  return json.length > COUNTED_BYTES && (yield* countValues(json, most)) > most
}

function valueOf(source: Buffer, { start, end }: Member): Buffer {
  return source.subarray(start, end)
}

/** The value of a string; anything else is undefined. */
function scalar(value: Buffer): string | undefined {
  if (value[0] !== 0x22) return undefined
  return value.includes(0x5c)
    ? (JSON.parse(value.toString()) as string)
    : value.toString('utf8', 1, value.length - 1)
}

function parseDeleted(value: Buffer): boolean {
  const text = value.toString('latin1')
  return text === 'true' || (text === 'false' ? false : refuse('_deleted'))
}

function refuse(name: string): never {
  throw fail('badSpecialMember', name)
}
