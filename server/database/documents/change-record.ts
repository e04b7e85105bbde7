import { partOf, uintAt } from '../../../protocol/bytes.ts'
import type { Rev } from '../../../protocol/revision.ts'

/**
 * A changes row as it is stored under its sequence, rendered once when the change is written:
 * flags (1), winner's body number (6), end of the document's id in the row (4), length of the row (4), the row with the
 * winner alone, and where the document has several leaves, the row with all of them.
 *
 * A row is `{"seq":"12-x","id":"doc","changes":[{"rev":"1-…"}]}`, with `,"deleted":true` where the winner is deleted.
 */
export interface ChangeRecord {
  readonly deleted: boolean
  /** The body number of the winner. */
  readonly body: number
  /** The row for `style=main_only`. */
  readonly row: Uint8Array
  /** The row for `style=all_docs`: the same bytes when there is one leaf. */
  readonly allLeaves: Uint8Array
  /** The document's id as a JSON string, quotes included. */
  readonly idText: Uint8Array
}

const DELETED = 1
const BRANCHED = 2
const HEADER = 15

/** Length of `{"seq":"` + `","id":` around the sequence. */
const BEFORE_ID = 8 + 7

export function encodeChangeRecord(change: {
  seq: string
  id: string
  winner: { rev: Rev; deleted: boolean; body: number }
  leaves: readonly { rev: Rev }[]
}): Buffer {
  const { winner, leaves } = change
  const idText = JSON.stringify(change.id)
  const head = `{"seq":"${change.seq}","id":${idText},"changes":[`
  const tail = winner.deleted ? '],"deleted":true}' : ']}'
  const row = `${head}{"rev":${revText(winner.rev)}}${tail}`
  const branched = leaves.length > 1
  const all = branched ? head + changesText(leaves) + tail : ''
  const rowLength = Buffer.byteLength(row)
  const record = Buffer.allocUnsafe(HEADER + rowLength + Buffer.byteLength(all))
  record[0] = (winner.deleted ? DELETED : 0) | (branched ? BRANCHED : 0)
  record.writeUIntBE(winner.body, 1, 6)
  record.writeUInt32BE(BEFORE_ID + change.seq.length + Buffer.byteLength(idText), 7)
  record.writeUInt32BE(rowLength, 11)
  record.write(row, HEADER)
  if (branched) record.write(all, HEADER + rowLength)
  return record
}

export function decodeChangeRecord(record: Uint8Array): ChangeRecord {
  const rowEnd = HEADER + uintAt(record, 11, 4)
  const row = partOf(record, HEADER, rowEnd)
  const afterSeq = record.indexOf(QUOTE, HEADER + 8) + 7
  return {
    deleted: isDeleted(record),
    body: winnerBody(record),
    row,
    allLeaves: isBranched(record) ? partOf(record, rowEnd) : row,
    idText: partOf(record, afterSeq, HEADER + idEnd(record)),
  }
}

/** The row's bytes without decoding the rest. */
export function rowOfRecord(record: Uint8Array, allLeaves: boolean): Uint8Array {
  return partOf(record, rowStart(record, allLeaves), rowEnd(record, allLeaves))
}

/** Returns the offset in the record at which the row of a style begins: feeds copy the row from there. */
export function rowStart(record: Uint8Array, allLeaves: boolean): number {
  return allLeaves && isBranched(record) ? HEADER + uintAt(record, 11, 4) : HEADER
}

export function rowEnd(record: Uint8Array, allLeaves: boolean): number {
  return allLeaves && isBranched(record) ? record.length : HEADER + uintAt(record, 11, 4)
}

/** Returns the offset in a row, of either style, at which the document's id ends. */
export function idEnd(record: Uint8Array): number {
  return uintAt(record, 7, 4)
}

/** Returns the offset in a row of the byte after the sequence's closing quote. */
export function seqEnd(record: Uint8Array): number {
  return record.indexOf(QUOTE, HEADER + BEFORE_SEQ + 1) + 1 - HEADER
}

/** Offset in a row of the sequence's opening quote: the length of `{"seq":`. */
export const BEFORE_SEQ = 7

/** The number of the row's sequence, read from its text. */
export function seqOf(record: Uint8Array): number {
  let number = 0
  for (let offset = HEADER + BEFORE_SEQ + 1; ; offset++) {
    const digit = (record[offset] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return number
    number = number * 10 + digit
  }
}

/** Returns true if the document has more than one leaf. */
export function isBranched(record: Uint8Array): boolean {
  return ((record[0] ?? 0) & BRANCHED) !== 0
}

/** Returns true if the winner is deleted. */
export function isDeleted(record: Uint8Array): boolean {
  return ((record[0] ?? 0) & DELETED) !== 0
}

/** The body number of the winner. */
export function winnerBody(record: Uint8Array): number {
  return uintAt(record, 1, 6)
}

const QUOTE = 0x22

const PLAIN = /^[\w-]+$/

/** Revisions are nearly always plain; a hash of any text needs JSON's escapes. */
function revText(rev: Rev): string {
  return PLAIN.test(rev) ? `"${rev}"` : JSON.stringify(rev)
}

/** The elements of `changes`. Of thousands of leaves they are looked at and joined in one go. */
function changesText(leaves: readonly { readonly rev: Rev }[]): string {
  const revs = leaves.map(({ rev }) => rev)
  if (PLAIN.test(revs.join(''))) return `{"rev":"${revs.join('"},{"rev":"')}"}`
  return revs.map(rev => `{"rev":${revText(rev)}}`).join(',')
}
