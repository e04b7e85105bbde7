import { bufferOf } from '../../protocol/bytes.ts'
import type { AttachmentInput } from '../../protocol/document/attachment-input.ts'
import type { RevisionsInput } from '../../protocol/document/document-input.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { CouchError } from '../../protocol/errors.ts'
import type { JsonValue } from '../../protocol/json-value.ts'
import { isLocalId } from '../../protocol/document-id.ts'
import type { Rev } from '../../protocol/revision.ts'
import { newRevId } from '../../protocol/revision-id.ts'
import type { DocumentToWrite } from '../database/documents/write-documents.ts'
import type { EditOutcome } from '../database/documents/edit.ts'

/** Documents that one thread has parsed and another writes. Their text is one buffer, which is handed over, not copied. */
export interface PackedDocuments {
  readonly ids: readonly DocId[]
  readonly revs: readonly (Rev | undefined)[]
  /** Ids of the revisions that the edits make, see `DocumentToWrite.newRev`. */
  readonly newRevs: readonly (Rev | undefined)[]
  /** For each document: 1 where it is deleted, the lengths of its body and of its term (-1 for none), and its size. */
  readonly numbers: Float64Array
  /** Bodies, and terms of what is not hashed yet, one behind the other. */
  readonly bytes: ArrayBuffer
  /** Parts that few documents have, by their places. */
  readonly rare: ReadonlyMap<number, RareParts>
}

interface RareParts {
  readonly revisions: RevisionsInput | undefined
  readonly attachments: readonly AttachmentInput[] | undefined
  readonly refusal: PackedError | undefined
}

/** A `CouchError`, whose class does not cross to another thread. */
export interface PackedError {
  readonly status: number
  readonly error: string
  readonly reasonValue: JsonValue
  readonly headers: Readonly<Record<string, string>>
}

export interface PackedOutcomes {
  readonly revs: readonly (Rev | undefined)[]
  /** By the places of the documents; undefined where all were written. */
  readonly errors: ReadonlyMap<number, PackedError> | undefined
}

const FIELDS = 4

/**
 * Packs documents that are to be written.
 *
 * @param replicated of each document: its revision is its own, and nothing is hashed
 */
export function packDocuments(
  documents: readonly DocumentToWrite[],
  replicated: (at: number) => boolean,
): PackedDocuments {
  const numbers = new Float64Array(documents.length * FIELDS)
  const rare = new Map<number, RareParts>()
  const newRevs = documents.map((document, at) => (replicated(at) ? undefined : newRevOf(document)))
  const terms = documents.map(({ input }, at) =>
    newRevs[at] === undefined && !replicated(at) ? input.term : undefined,
  )
  let length = 0
  for (const [at, { input }] of documents.entries()) length += input.body.length + (terms[at]?.length ?? 0)
  const bytes = new Uint8Array(length)
  let end = 0
  for (const [at, { input }] of documents.entries()) {
    const { body, deleted, size } = input
    const term = terms[at]
    const field = at * FIELDS
    numbers[field] = deleted ? 1 : 0
    numbers[field + 1] = body.length
    numbers[field + 2] = term?.length ?? -1
    numbers[field + 3] = size
    bytes.set(body, end)
    end += body.length
    if (term !== undefined) bytes.set(term, end)
    end += term?.length ?? 0
    const parts = rareParts(input)
    if (parts !== undefined) rare.set(at, parts)
  }
  return {
    ids: documents.map(({ id }) => id),
    revs: documents.map(({ input }) => input.rev),
    newRevs,
    numbers,
    bytes: bytes.buffer,
    rare,
  }
}

/** Hashes an edit whose revision depends on nothing but what it names itself. */
function newRevOf({ id, input }: DocumentToWrite): Rev | undefined {
  const { rev, revisions, attachments, refusal, deleted, term } = input
  const isKnown = revisions === undefined && attachments === undefined && refusal === undefined
  if (!isKnown || term === undefined || isLocalId(id)) return undefined
  return newRevId({ deleted, parent: rev, body: term, attachments: [] })
}

function rareParts({ revisions, attachments, refusal }: DocumentToWrite['input']): RareParts | undefined {
  if (revisions === undefined && attachments === undefined && refusal === undefined) return undefined
  return {
    revisions,
    attachments: attachments?.map(one => ({ ...one, data: copyOf(one.data), digest: copyOf(one.digest) })),
    refusal: refusal && packError(refusal),
  }
}

/** With a view its whole buffer would cross, and with it what else lies there. */
function copyOf(bytes: Buffer | undefined): Buffer | undefined {
  return bytes && (new Uint8Array(bytes) as Buffer)
}

export function unpackDocuments(packed: PackedDocuments): DocumentToWrite[] {
  const { ids, revs, newRevs, numbers, bytes, rare } = packed
  let end = 0
  return ids.map((id, at) => {
    const field = at * FIELDS
    const [deleted, bodyLength, termLength] = [numbers[field], numbers[field + 1]!, numbers[field + 2]!]
    const size = numbers[field + 3]!
    const body = Buffer.from(bytes, end, bodyLength)
    end += bodyLength
    const term = termLength < 0 ? undefined : Buffer.from(bytes, end, termLength)
    end += Math.max(0, termLength)
    const { revisions, attachments, refusal } = rare.get(at) ?? NOTHING_RARE
    const input = {
      id,
      rev: revs[at],
      deleted: deleted === 1,
      revisions,
      attachments: attachments?.map(one => ({
        ...one,
        data: optionalBuffer(one.data),
        digest: optionalBuffer(one.digest),
      })),
      body,
      term,
      size,
      ...(refusal === undefined ? {} : { refusal: unpackError(refusal) }),
    }
    return { id, input, newRev: newRevs[at] }
  })
}

const NOTHING_RARE: RareParts = { revisions: undefined, attachments: undefined, refusal: undefined }

function optionalBuffer(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && bufferOf(bytes)
}

export function packOutcomes(outcomes: readonly EditOutcome[]): PackedOutcomes {
  let errors: Map<number, PackedError> | undefined
  for (const [at, { error }] of outcomes.entries()) {
    if (error !== undefined) (errors ??= new Map()).set(at, packError(error))
  }
  return { revs: outcomes.map(({ rev }) => rev), errors }
}

export function unpackOutcomes(
  documents: readonly DocumentToWrite[],
  { revs, errors }: PackedOutcomes,
): EditOutcome[] {
  return documents.map(({ id }, at) => {
    const rev = revs[at]
    const error = errors?.get(at)
    if (error !== undefined) return { id, ...(rev === undefined ? {} : { rev }), error: unpackError(error) }
    return { id, rev: rev! }
  })
}

export function packError({ status, error, reasonValue, headers }: CouchError): PackedError {
  return { status, error, reasonValue, headers }
}

export function unpackError({ status, error, reasonValue, headers }: PackedError): CouchError {
  return new CouchError(status, error, reasonValue, headers)
}
