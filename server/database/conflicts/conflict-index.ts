import { bufferOf } from '../../../protocol/bytes.ts'
import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { Leaf } from '../../../protocol/revtree/leaves.ts'
import { KeySpace, PREFIX_LENGTH, type DatabaseKeys } from '../../storage/keys.ts'
import type { WriteSetBuilder } from '../../storage/write-set.ts'

/**
 * The documents of a database with more than one leaf that is not deleted, kept by each commit in its write set. A document
 * without a conflict has no entry, and costs nothing here.
 *
 *     … 0a 00 <document id>               since (6), JSON `"winner":"3-…","conflicts":["2-…"]`
 *     … 0a 01 <since 6> <document id>     empty: the order in which the conflicts came about
 */
const BY_ID = Uint8Array.of(0)
const BY_TIME = Uint8Array.of(1)
const SINCE_BYTES = 6
const EMPTY = new Uint8Array(0)

/** Offset of the id in a key of the index by id. */
export const CONFLICT_ID_OFFSET = PREFIX_LENGTH + 1

interface ConflictKey {
  readonly id: DocId
  /** Milliseconds since 1970; 0 where the document is not in conflict. */
  readonly since: number
}

export function conflictKey(keys: DatabaseKeys, id: string): Buffer {
  return keys.bytes(KeySpace.conflict, Buffer.concat([BY_ID, Buffer.from(id)]))
}

/** Returns the range of the index by id. */
export function conflictRange(keys: DatabaseKeys): { gte: Buffer; lt: Buffer } {
  return { gte: keys.bytes(KeySpace.conflict, BY_ID), lt: keys.bytes(KeySpace.conflict, BY_TIME) }
}

/** Returns the range of the index by time. */
export function conflictTimeRange(keys: DatabaseKeys): { gte: Buffer; lt: Buffer } {
  return { gte: keys.bytes(KeySpace.conflict, BY_TIME), lt: keys.range(KeySpace.conflict).lt }
}

function timeKey(keys: DatabaseKeys, { id, since }: ConflictKey): Buffer {
  const time = Buffer.alloc(SINCE_BYTES)
  time.writeUIntBE(since, 0, SINCE_BYTES)
  return keys.bytes(KeySpace.conflict, Buffer.concat([BY_TIME, time, Buffer.from(id)]))
}

/** @param leaves all leaves of the document, the winner first */
export function putConflict(
  writes: { put(key: Uint8Array, value: Uint8Array): unknown },
  keys: DatabaseKeys,
  { leaves, ...key }: ConflictKey & { readonly leaves: readonly Leaf[] },
): void {
  writes.put(conflictKey(keys, key.id), encodeConflict(key.since, leaves))
  writes.put(timeKey(keys, key), EMPTY)
}

/** Takes a document out of the index; nothing where it was not in conflict. */
export function removeConflict(writes: WriteSetBuilder, keys: DatabaseKeys, key: ConflictKey): void {
  if (key.since === 0) return
  writes.delete(conflictKey(keys, key.id))
  writes.delete(timeKey(keys, key))
}

function encodeConflict(since: number, leaves: readonly Leaf[]): Buffer {
  const [winner, ...others] = leaves.filter(({ deleted }) => !deleted).map(({ rev }) => rev)
  const revs = `"winner":${JSON.stringify(winner)},"conflicts":${JSON.stringify(others)}`
  const record = Buffer.alloc(SINCE_BYTES + Buffer.byteLength(revs))
  record.writeUIntBE(since, 0, SINCE_BYTES)
  record.write(revs, SINCE_BYTES)
  return record
}

export interface StoredConflict {
  /** Milliseconds since 1970. */
  readonly since: number
  readonly winner: Rev
  /** The other leaves that are not deleted, in the order in which they would win. */
  readonly conflicts: readonly Rev[]
}

export function decodeConflict(record: Uint8Array): StoredConflict {
  const bytes = bufferOf(record)
  const revs = JSON.parse(`{${bytes.toString('utf8', SINCE_BYTES)}}`) as Omit<StoredConflict, 'since'>
  return { since: bytes.readUIntBE(0, SINCE_BYTES), ...revs }
}

/** Returns when a conflict came about, in milliseconds since 1970, from its record in the index. */
export function sinceOfConflict(record: Uint8Array): number {
  return bufferOf(record).readUIntBE(0, SINCE_BYTES)
}

/** Returns when the conflict came about that a key of the index by time stands for. */
export function sinceOfTimeKey(key: Uint8Array): number {
  return bufferOf(key).readUIntBE(CONFLICT_ID_OFFSET, SINCE_BYTES)
}

/** Returns the text of a row's revisions: `"winner":"3-…","conflicts":["2-…"]`. */
export function revisionsText(record: Uint8Array): string {
  return bufferOf(record).toString('utf8', SINCE_BYTES)
}

/** Returns the document that a key of the index by id stands for. */
export function idOfConflictKey(key: Uint8Array): DocId {
  return asDocId(bufferOf(key).toString('utf8', CONFLICT_ID_OFFSET))
}
