import { bufferOf } from '../../../protocol/bytes.ts'
import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { asRev, type Rev } from '../../../protocol/revision.ts'
import { idEnd, rowStart, seqEnd } from '../documents/change-record.ts'

/** Between a row's sequence and its id: `,"id":` */
const BEFORE_ID = 6
/** Between a row's id and its first revision: `,"changes":[{"rev":` */
const BEFORE_REV = 19
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Returns the offset in a change record of the id's JSON string. */
export function idTextStart(record: Uint8Array): number {
  return rowStart(record, false) + seqEnd(record) + BEFORE_ID
}

export function idTextEnd(record: Uint8Array): number {
  return rowStart(record, false) + idEnd(record)
}

/** Returns the offset in a change record of the JSON string of the winner's revision. */
export function revTextStart(record: Uint8Array): number {
  return idTextEnd(record) + BEFORE_REV
}

export function revTextEnd(record: Uint8Array): number {
  let offset = revTextStart(record) + 1
  while (record[offset] !== QUOTE) offset += record[offset] === BACKSLASH ? 2 : 1
  return offset + 1
}

export function idOfRow(record: Uint8Array): DocId {
  return asDocId(stringOf(record, idTextStart(record), idTextEnd(record)))
}

/** The winner. */
export function revOfRow(record: Uint8Array): Rev {
  return asRev(stringOf(record, revTextStart(record), revTextEnd(record)))
}

function stringOf(record: Uint8Array, from: number, to: number): string {
  const bytes = bufferOf(record)
  const text = bytes.toString('utf8', from, to)
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1)
}
