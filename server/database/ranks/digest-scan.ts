import { addDigests, type Digest, documentDigest, NO_DOCUMENTS } from '../../../protocol/document-digest.ts'
import { decodeTree } from '../../../protocol/revtree/codec.ts'
import { type Leaf, leaves } from '../../../protocol/revtree/leaves.ts'
import { emptyTree } from '../../../protocol/revtree/tree.ts'
import { textOfKey, treeKeyOf } from '../../storage/keys.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import type { KeyRange } from './scan-blocks.ts'

const DOCUMENTS_AT_A_TIME = 1000
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

/** Documents of a range, deleted ones too, and their digest. */
export interface RangeDigest {
  readonly documents: number
  readonly digest: Digest
}

/** A document's leaves: their revisions, and whether they are deleted. */
export interface DocumentLeaves {
  readonly id: string
  readonly leaves: readonly Pick<Leaf, 'rev' | 'deleted'>[]
}

/** Computes the digest of a range of keys of documents by reading them, as of a snapshot. */
export async function scanDigest(
  snapshot: DatabaseSnapshot,
  range: KeyRange,
  signal: AbortSignal,
): Promise<RangeDigest> {
  let documents = 0
  let digest: Digest = NO_DOCUMENTS
  for await (const page of scanLeaves(snapshot, range)) {
    signal.throwIfAborted()
    documents += page.length
    for (const { id, leaves: all } of page) digest = addDigests(digest, documentDigest(id, all))!
  }
  return { documents, digest }
}

/** Reads the leaves of the documents of a range, the winner first, in pages in the order of their ids. */
export async function* scanLeaves(
  snapshot: DatabaseSnapshot,
  range: KeyRange,
  pageSize = DOCUMENTS_AT_A_TIME,
): AsyncGenerator<DocumentLeaves[], void, undefined> {
  if (Buffer.compare(range.gte, range.lt) >= 0) return
  const iterator = snapshot.iterator({ ...range, ...READ_AHEAD })
  try {
    for (;;) {
      const entries = await iterator.nextv(Math.min(pageSize, DOCUMENTS_AT_A_TIME))
      if (entries.length === 0) return
      const summaries = entries.map(([, record]) => new DocumentSummary(record))
      const apart = entries.filter(
        (_, index) => summaries[index]!.branched && summaries[index]!.treeOffset === 0,
      )
      const trees = await snapshot.getMany(apart.map(([key]) => treeKeyOf(key)))
      let next = 0
      yield entries.map(([key, record], index) => {
        const id = textOfKey(key)
        const summary = summaries[index]!
        if (!summary.branched) return { id, leaves: [summary] }
        if (summary.treeOffset > 0) return { id, leaves: leaves(decodeTree(record, summary.treeOffset)) }
        const tree = trees[next++]
        return { id, leaves: leaves(tree === undefined ? emptyTree : decodeTree(tree)) }
      })
    }
  } finally {
    await iterator.close()
  }
}
