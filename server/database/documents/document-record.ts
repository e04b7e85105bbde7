import { bufferOf, uintAt } from '../../../protocol/bytes.ts'
import { asRev, type Rev } from '../../../protocol/revision.ts'
import type { RevNode } from '../../../protocol/revtree/tree.ts'

/**
 * The head of a document's record, in front of its tree: enough to list the document and to find its winner without
 * decoding the tree.
 */
export class DocumentSummary {
  /** The document's place in the changes feed. */
  readonly seq: number
  readonly rev: Rev
  readonly deleted: boolean
  /** The body number of the winner. */
  readonly body: number
  /** Bytes of the leaves' bodies and attachments: what the document adds to the database's external size. */
  readonly size: number
  /** True if there is more than one leaf. */
  readonly branched: boolean
  /** Offset of the encoded tree in the record; 0 if the tree is stored under a key of its own. */
  readonly treeOffset: number

  constructor(bytes: Uint8Array) {
    const flags = bytes[0] ?? 0
    const end = revEndOf(bytes)
    this.seq = uintAt(bytes, 1, 6)
    this.rev = asRev(bufferOf(bytes).toString('utf8', HEADER, end))
    this.deleted = (flags & DELETED) !== 0
    this.body = winnerBodyOf(bytes)
    this.size = uintAt(bytes, 13, 6)
    this.branched = (flags & BRANCHED) !== 0
    this.treeOffset = (flags & TREE_SEPARATE) !== 0 ? 0 : end
  }
}

const DELETED = 1
const BRANCHED = 2
const TREE_SEPARATE = 4

const HEADER = 23

/** Trees larger than this lie under their own key, so that listing documents does not read long histories. */
const INLINE_TREE_BYTES = 1024

/** A document in parts: nothing is copied together for each of a thousand. */
export interface DocumentToEncode {
  readonly document: { readonly seq: number; readonly size: number }
  readonly winner: RevNode
  readonly isBranched: boolean
}

/**
 * Encodes a record: flags (1), sequence (6), winner's body number (6), size of the leaves' bodies (6), length of the
 * winner's revision (4), the revision as text, and the tree when it is small.
 */
export function encodeDocumentRecord(
  { document, winner, isBranched }: DocumentToEncode,
  tree: Uint8Array,
): { record: Buffer; tree: Uint8Array | undefined } {
  const revLength = Buffer.byteLength(winner.rev)
  const isSeparate = tree.length > INLINE_TREE_BYTES
  const record = Buffer.allocUnsafe(HEADER + revLength + (isSeparate ? 0 : tree.length))
  record[0] = (winner.deleted ? DELETED : 0) | (isBranched ? BRANCHED : 0) | (isSeparate ? TREE_SEPARATE : 0)
  record.writeUIntBE(document.seq, 1, 6)
  record.writeUIntBE(winner.body, 7, 6)
  record.writeUIntBE(document.size, 13, 6)
  record.writeUInt32BE(revLength, 19)
  record.write(winner.rev, HEADER, revLength)
  if (!isSeparate) record.set(tree, HEADER + revLength)
  return { record, tree: isSeparate ? tree : undefined }
}

/** Returns true if the winner is not deleted, without decoding the rest. */
export function isLiveRecord(record: Uint8Array): boolean {
  return ((record[0] ?? 0) & DELETED) === 0
}

/** Returns true if there is more than one leaf. */
export function isBranchedRecord(record: Uint8Array): boolean {
  return ((record[0] ?? 0) & BRANCHED) !== 0
}

/** Returns false if all revisions of the tree are certainly leaves; decodes no tree. */
export function mayHaveHistory(record: Uint8Array): boolean {
  if (((record[0] ?? 0) & TREE_SEPARATE) !== 0) return true
  // The tree begins with twice the number of its revisions.
  return (record[HEADER + uintAt(record, 19, 4)] ?? 0) >= 4
}

/** Offset in a record of the text of the winner's revision. */
export const REV_OFFSET = HEADER

export function revEndOf(record: Uint8Array): number {
  return HEADER + uintAt(record, 19, 4)
}

/** The body number of the winner. */
export function winnerBodyOf(record: Uint8Array): number {
  return uintAt(record, 7, 6)
}
