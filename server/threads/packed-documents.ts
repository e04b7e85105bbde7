import { bufferOf } from '../../protocol/bytes.ts'
import type { AttachmentInput } from '../../protocol/document/attachment-input.ts'
import type { RevisionsInput } from '../../protocol/document/document-input.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { CouchError } from '../../protocol/errors.ts'
import type { JsonValue } from '../../protocol/json-value.ts'
import type { Rev } from '../../protocol/revision.ts'
import type { DocumentToWrite } from '../database/documents/write-documents.ts'
import type { EditOutcome } from '../database/documents/edit.ts'

/** Documents that one thread has parsed and another writes. Their text is one buffer, which is handed over, not copied. */
export interface PackedDocuments {
  readonly ids: readonly DocId[]
  readonly revs: readonly (Rev | undefined)[]
  /** For each document: 1 where it is deleted, the lengths of its body and of its term (-1 for none), and its size. */
  readonly numbers: Float64Array
  /** Bodies and terms, one behind the other. */
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
  readonly errors: ReadonlyMap<number, PackedError>
}

const FIELDS = 4

export function packDocuments(documents: readonly DocumentToWrite[]): PackedDocuments {
  const numbers = new Float64Array(documents.length * FIELDS)
  const rare = new Map<number, RareParts>()
  let length = 0
  for (const { input } of documents) length += input.body.length + (input.term?.length ?? 0)
  const bytes = new Uint8Array(length)
  let end = 0
  for (const [at, { input }] of documents.entries()) {
    const { body, term, deleted, size } = input
    numbers.set([deleted ? 1 : 0, body.length, term?.length ?? -1, size], at * FIELDS)
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
    numbers,
    bytes: bytes.buffer,
    rare,
  }
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

export function unpackDocuments({ ids, revs, numbers, bytes, rare }: PackedDocuments): DocumentToWrite[] {
  let end = 0
  return ids.map((id, at) => {
    const [deleted = 0, bodyLength = 0, termLength = -1, size = 0] = numbers.subarray(
      at * FIELDS,
      (at + 1) * FIELDS,
    )
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
    return { id, input }
  })
}

const NOTHING_RARE: RareParts = { revisions: undefined, attachments: undefined, refusal: undefined }

function optionalBuffer(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && bufferOf(bytes)
}

export function packOutcomes(outcomes: readonly EditOutcome[]): PackedOutcomes {
  const errors = new Map<number, PackedError>()
  for (const [at, { error }] of outcomes.entries()) {
    if (error !== undefined) errors.set(at, packError(error))
  }
  return { revs: outcomes.map(({ rev }) => rev), errors }
}

export function unpackOutcomes(
  documents: readonly DocumentToWrite[],
  { revs, errors }: PackedOutcomes,
): EditOutcome[] {
  return documents.map(({ id }, at) => {
    const rev = revs[at]
    const error = errors.get(at)
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
