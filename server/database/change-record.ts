import type { Rev } from '../../protocol/revision.ts'

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
  const all = branched ? head + leaves.map(leaf => `{"rev":${revText(leaf.rev)}}`).join(',') + tail : ''
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
  const buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
  const flags = buffer.readUInt8(0)
  const idEnd = HEADER + buffer.readUInt32BE(7)
  const rowEnd = HEADER + buffer.readUInt32BE(11)
  const row = record.subarray(HEADER, rowEnd)
  const afterSeq = record.indexOf(QUOTE, HEADER + 8) + 7
  return {
    deleted: (flags & DELETED) !== 0,
    body: buffer.readUIntBE(1, 6),
    row,
    allLeaves: (flags & BRANCHED) !== 0 ? record.subarray(rowEnd) : row,
    idText: record.subarray(afterSeq, idEnd),
  }
}

/** The row's bytes without decoding the rest: the hot path of a feed. */
export function rowOf(record: Uint8Array, allLeaves: boolean): Uint8Array {
  const rowEnd =
    HEADER +
    (((record[11] ?? 0) << 24) | ((record[12] ?? 0) << 16) | ((record[13] ?? 0) << 8) | (record[14] ?? 0))
  return allLeaves && ((record[0] ?? 0) & BRANCHED) !== 0
    ? record.subarray(rowEnd)
    : record.subarray(HEADER, rowEnd)
}

const QUOTE = 0x22

/** Revisions are nearly always plain; a hash of any text needs JSON's escapes. */
function revText(rev: Rev): string {
  return /^[\w-]+$/.test(rev) ? `"${rev}"` : JSON.stringify(rev)
}
