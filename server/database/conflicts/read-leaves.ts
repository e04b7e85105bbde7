import { bufferOf } from '../../../protocol/bytes.ts'
import type { LiveLeaf } from '../../../protocol/conflicts/content.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { commonAncestor } from '../../../protocol/revtree/history.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import type { RevNode, RevTree } from '../../../protocol/revtree/tree.ts'
import type { StoredAttachment } from '../documents/body-record.ts'
import type { DatabaseReader } from '../reading/database-reader.ts'

export type StoredLeaf = LiveLeaf<StoredAttachment>

/** A document in conflict, with what its leaves say. */
export interface ConflictingLeaves {
  readonly tree: RevTree
  /** Those that are not deleted, the winner first. */
  readonly leaves: readonly StoredLeaf[]
}

/** Reads the leaves of a document; undefined where it is not in conflict. */
export async function readLeaves(
  database: DatabaseReader,
  id: DocId,
): Promise<ConflictingLeaves | undefined> {
  const document = database.document(id)
  if (document === undefined || !document.branched) return undefined
  const { tree } = document
  const live = leaves(tree).filter(({ deleted }) => !deleted)
  if (live.length < 2) return undefined
  const stored = await readAll(database, live)
  return stored === undefined ? undefined : { tree, leaves: stored }
}

/** Reads the newest revision that all leaves descend from; undefined where there is none, or its body is not stored. */
export async function readCommonAncestor(
  database: DatabaseReader,
  { tree }: Pick<ConflictingLeaves, 'tree'>,
): Promise<StoredLeaf | undefined> {
  const common = commonAncestor(tree)
  if (common === undefined || common.body === 0) return undefined
  return (await readAll(database, [common]))?.[0]
}

async function readAll(
  database: DatabaseReader,
  nodes: readonly RevNode[],
): Promise<StoredLeaf[] | undefined> {
  const records = await database.bodies(nodes.map(({ body }) => body))
  const stored: StoredLeaf[] = []
  for (const [index, { rev }] of nodes.entries()) {
    const record = records[index]
    if (record === undefined) return undefined
    stored.push({ rev, body: bufferOf(record.body), attachments: record.attachments })
  }
  return stored
}
