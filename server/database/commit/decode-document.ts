import type { DocId } from '../../../protocol/document-id.ts'
import { decodeTree } from '../../../protocol/revtree/codec.ts'
import { isConflict, leaves } from '../../../protocol/revtree/leaves.ts'
import { emptyTree, type RevTree } from '../../../protocol/revtree/tree.ts'
import { type DatabaseKeys, KeySpace } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { readConflictSince } from '../conflicts/conflict-in-commit.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import type { DocumentInCommit } from './uncommitted.ts'

/** Decodes a document's record for a commit; reads its tree and its entry among the conflicts if these are stored elsewhere. */
export function decodeDocument(
  store: Store,
  keys: DatabaseKeys,
  id: DocId,
  record: Uint8Array,
): DocumentInCommit {
  const { seq, deleted, size, branched, treeOffset } = new DocumentSummary(record)
  const tree = treeOffset > 0 ? decodeTree(record, treeOffset) : readTree(store, keys, id)
  const conflictSince = branched && isConflict(leaves(tree)) ? readConflictSince(store, keys, id) : 0
  return { id, seq, deleted, size, conflictSince, treeStoredSeparately: treeOffset === 0, tree }
}

function readTree(store: Store, keys: DatabaseKeys, id: DocId): RevTree {
  const tree = store.getSync(keys.text(KeySpace.tree, id))
  return tree === undefined ? emptyTree : decodeTree(tree)
}
