import { KeySpace } from '../../storage/keys.ts'
import type { StoreBatch } from '../../storage/store.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import type { DatabaseStorage } from '../storage-of.ts'
import { journalKey } from './rank-keys.ts'
import { BrokenTreeError, type RankTree } from './rank-tree.ts'
import { mergedChanges, type Moment } from './ranks-at-moment.ts'

/** Puts a tree with the commits of a moment counted into a batch. */
export async function updateTree(tree: RankTree, moment: Moment, batch: StoreBatch): Promise<void> {
  const { snapshot, pending } = moment
  const root = await tree.root(snapshot)
  if (root === undefined) throw new BrokenTreeError('there is no root')
  const behind = pending.filter(({ seq }) => seq > root.seq && seq <= snapshot.state.seq)
  const changes = tree.space.changesOfAll?.(behind) ?? mergedChanges(tree, behind, root.keepsDigests)
  await tree.update(root, changes, snapshot, batch)
}

/** Counts a database as of a snapshot, and puts the trees in the place of others and of the journal up to then. */
export async function buildTrees(
  { store, keys }: DatabaseStorage,
  trees: readonly RankTree[],
  snapshot: DatabaseSnapshot,
  signal: AbortSignal,
): Promise<void> {
  const { gte } = keys.range(KeySpace.rank)
  await store.clear({ gte, lt: journalKey(keys, snapshot.state.seq + 1) })
  const roots = []
  for (const tree of trees) roots.push([tree, await tree.build(snapshot, signal)] as const)
  const batch = store.batch()
  for (const [tree, root] of roots) tree.putRoot(batch, root)
  await batch.write()
}
