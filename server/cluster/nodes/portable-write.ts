import { bufferOf } from '../../../protocol/bytes.ts'
import { CouchError } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import type { DocumentEdit, EditOutcome } from '../../database/documents/edit.ts'
import type { WriteRequest } from '../../database/commit/write-request.ts'

/** Requests that a node has the leader carry out: what the jobs of documents write of themselves. */
type PortableRequest = Extract<WriteRequest, { kind: 'edit_documents' | 'edit_local_documents' }>

/** A request as JSON; bytes are Base64. */
export interface PortableWrite {
  readonly database: string
  /** Of the database, so that a new one of that name is not written to. */
  readonly number: number
  readonly request: object
}

/** Answer to a request that was carried out, or refused as a whole. */
export type PortableAnswer =
  | { readonly position: number; readonly result: readonly (string | PortableOutcome)[] }
  | { readonly refused: PortableError }

interface PortableOutcome {
  readonly id: string
  readonly rev?: string
  readonly error?: PortableError | undefined
}

interface PortableError {
  readonly status: number
  readonly error: string
  readonly reason: JsonValue
}

/** Returns whether a request can be carried out by another node: content of attachments is each node's own. */
export function isPortable(request: WriteRequest): request is PortableRequest {
  if (request.kind === 'edit_local_documents') return true
  if (request.kind !== 'edit_documents') return false
  return request.edits.every(({ attachments }) => attachments.every(({ kind }) => kind === 'stub'))
}

export function encodeRequest(request: PortableRequest): object {
  const edits = request.edits.map(edit => ({
    ...edit,
    body: base64(edit.body),
    ...('term' in edit && edit.term !== undefined ? { term: base64(edit.term) } : {}),
  }))
  return { ...request, edits }
}

export function decodeRequest(encoded: object): PortableRequest {
  const { edits, ...request } = encoded as { edits: (DocumentEdit & { body: string; term?: string })[] }
  const decoded = edits.map(({ body, term, ...edit }) => ({
    ...edit,
    body: Buffer.from(body, 'base64'),
    term: term === undefined ? undefined : Buffer.from(term, 'base64'),
  }))
  return { ...request, edits: decoded } as unknown as PortableRequest
}

export function encodeResult(
  result: readonly (string | EditOutcome)[],
): readonly (string | PortableOutcome)[] {
  return result.map(one =>
    typeof one === 'string' || one.error === undefined ? one : { ...one, error: encodeError(one.error) },
  )
}

/** @throws {CouchError} where the request was refused as a whole */
export function decodeAnswer(answer: PortableAnswer): unknown {
  if ('refused' in answer) throw decodeError(answer.refused)
  return answer.result.map(one =>
    typeof one === 'string' || one.error === undefined ? one : { ...one, error: decodeError(one.error) },
  )
}

export function encodeError({ status, error, reasonValue }: CouchError): PortableError {
  return { status, error, reason: reasonValue }
}

function decodeError({ status, error, reason }: PortableError): CouchError {
  return new CouchError(status, error, reason)
}

function base64(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('base64')
}
