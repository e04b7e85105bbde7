import { decodeTree } from '../../../protocol/revtree/codec.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import { treeKeyOf } from '../../storage/keys.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'

/** The `_conflicts` of a document's winner, a comma in front; empty where there are none. */
export async function conflictsMember(
  snapshot: DatabaseSnapshot,
  key: Uint8Array,
  record: Uint8Array,
): Promise<string> {
  const tree = await treeOf(snapshot, key, record)
  const others = tree === undefined ? [] : leaves(tree).slice(1)
  const revs = others.filter(({ deleted }) => !deleted).map(({ rev }) => rev)
  return revs.length === 0 ? '' : `,"_conflicts":${JSON.stringify(revs)}`
}

async function treeOf(
  snapshot: DatabaseSnapshot,
  key: Uint8Array,
  record: Uint8Array,
): Promise<RevTree | undefined> {
  const { treeOffset } = new DocumentSummary(record)
  if (treeOffset > 0) return decodeTree(record, treeOffset)
  const [tree] = await snapshot.getMany([treeKeyOf(key)])
  return tree && decodeTree(tree)
}
