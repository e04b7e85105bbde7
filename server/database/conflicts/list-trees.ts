import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { nodeCount } from '../../../protocol/revtree/tree.ts'
import { KeySpace, textOfKey } from '../../storage/keys.ts'
import type { DatabaseReader } from '../reading/database-reader.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import { STORAGE } from '../storage-of.ts'

/** A document with what its revision tree takes. */
export interface TreeRow {
  readonly id: DocId
  /** Bytes of the tree as it is stored. */
  readonly bytes: number
  readonly revisions: number
  readonly leaves: number
  /** Leaves that are not deleted, beside the winner. */
  readonly conflicts: number
}

const RECORDS_AT_A_TIME = 1000
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

type Size = readonly [id: DocId, bytes: number]

/**
 * Returns the documents with the largest revision trees, the largest first. Reads the records of all documents, not their
 * bodies: about a second for a million.
 */
export async function largestTrees(
  database: DatabaseReader,
  limit: number,
  signal: AbortSignal,
): Promise<readonly TreeRow[]> {
  if (limit === 0) return []
  let largest = await largestOf(database, KeySpace.tree, { limit, signal, sizeOf: tree => tree.length })
  if (largest.length < limit) {
    const inline = await largestOf(database, KeySpace.document, { limit, signal, sizeOf: inlineTreeSize })
    largest = [...largest, ...inline].slice(0, limit)
  }
  return largest.flatMap(size => rowOf(database, size))
}

/** Returns the size of a tree that lies in the document's record, 0 where it has a record of its own. */
function inlineTreeSize(record: Uint8Array): number {
  const { treeOffset } = new DocumentSummary(record)
  return treeOffset === 0 ? 0 : record.length - treeOffset
}

async function largestOf(
  database: DatabaseReader,
  space: typeof KeySpace.tree | typeof KeySpace.document,
  options: { limit: number; signal: AbortSignal; sizeOf: (record: Uint8Array) => number },
): Promise<readonly Size[]> {
  const { store, keys } = database[STORAGE]
  const iterator = store.iterator({ ...keys.range(space), ...READ_AHEAD })
  let largest: Size[] = []
  let smallest = 0
  try {
    for (;;) {
      const entries = await iterator.nextv(RECORDS_AT_A_TIME)
      options.signal.throwIfAborted()
      if (entries.length === 0) return largest
      const found = entries.map(([key, record]): readonly [Uint8Array, number] => [
        key,
        options.sizeOf(record),
      ])
      const larger = found.filter(([, bytes]) => bytes > smallest)
      if (larger.length === 0) continue
      largest = [...largest, ...larger.map(([key, bytes]): Size => [asDocId(textOfKey(key)), bytes])]
        .sort(([, a], [, b]) => b - a)
        .slice(0, options.limit)
      if (largest.length === options.limit) smallest = largest.at(-1)?.[1] ?? 0
    }
  } finally {
    await iterator.close()
  }
}

function rowOf(database: DatabaseReader, [id, bytes]: Size): TreeRow[] {
  const tree = database.document(id)?.tree
  if (tree === undefined) return []
  const all = leaves(tree)
  const conflicts = Math.max(0, all.filter(({ deleted }) => !deleted).length - 1)
  return [{ id, bytes, revisions: nodeCount(tree), leaves: all.length, conflicts }]
}
