import type { DocId } from '../../../protocol/document-id.ts'
import { makeRev, type Rev } from '../../../protocol/revision.ts'

/** A `_local` document: not replicated, no history, revisions 0-1, 0-2 and so on. */
export interface LocalDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly body: Uint8Array
}

/** Length of the revision's number in front of the body, in bytes. */
const REVISION_BYTES = 6

/** Returns the record of a `_local` document: the revision's number (6 bytes) and the body's JSON text. */
export function encodeLocalDocument(number: number, body: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(REVISION_BYTES + body.length)
  record.writeUIntBE(number, 0, REVISION_BYTES)
  record.set(body, REVISION_BYTES)
  return record
}

/** Reads a record that `encodeLocalDocument` made. */
export function decodeLocalDocument(id: DocId, record: Uint8Array): LocalDocument {
  const number = Buffer.from(record.buffer, record.byteOffset, REVISION_BYTES).readUIntBE(0, REVISION_BYTES)
  return { id, rev: makeRev(0, String(number)), body: record.subarray(REVISION_BYTES) }
}
