import { uintAt } from '../../../protocol/bytes.ts'
import { type DatabaseKeys, KeySpace, PREFIX_LENGTH } from '../../storage/keys.ts'

const ROOT = 0
const LEAF = 1
const JOURNAL = 2

export function rootKey(keys: DatabaseKeys, tree: number): Uint8Array {
  return keys.bytes(KeySpace.rank, Buffer.from([ROOT, tree]))
}

export function leafKey(keys: DatabaseKeys, tree: number, leaf: number): Uint8Array {
  const bytes = Buffer.from([LEAF, tree, 0, 0, 0, 0])
  bytes.writeUInt32BE(leaf, 2)
  return keys.bytes(KeySpace.rank, bytes)
}

/** The key of what a commit that ends at a sequence leaves for the ranks. */
export function journalKey(keys: DatabaseKeys, seq: number): Uint8Array {
  const bytes = Buffer.alloc(7)
  bytes[0] = JOURNAL
  bytes.writeUIntBE(seq, 1, 6)
  return keys.bytes(KeySpace.rank, bytes)
}

/** The journal behind a sequence. */
export function journalRange(keys: DatabaseKeys, since: number): { gt: Uint8Array; lt: Uint8Array } {
  return { gt: journalKey(keys, since), lt: keys.bytes(KeySpace.rank, Buffer.from([JOURNAL + 1])) }
}

export function seqOfJournalKey(key: Uint8Array): number {
  return uintAt(key, PREFIX_LENGTH + 1, 6)
}
