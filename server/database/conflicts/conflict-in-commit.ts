import type { DocId } from '../../../protocol/document-id.ts'
import { isConflict, type Leaf } from '../../../protocol/revtree/leaves.ts'
import type { DatabaseKeys } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import type { WriteSetBuilder } from '../../storage/write-set.ts'
import { conflictKey, putConflict, removeConflict, sinceOfConflict } from './conflict-index.ts'

/** Time at which a document came into conflict, in milliseconds since 1970; 0 if it is not in conflict. */
interface ConflictState {
  readonly conflictSince: number
}

/** Returns since when a document with these leaves is in conflict: one that was, stays so since the same time. */
export function conflictSinceOf(all: readonly Leaf[], before: ConflictState | undefined): number {
  if (!isConflict(all)) return 0
  return before === undefined || before.conflictSince === 0 ? Date.now() : before.conflictSince
}

/** Returns by how much the number of documents in conflict changes. */
export function conflictDifference(before: ConflictState | undefined, conflictSince: number): number {
  const wasInConflict = before !== undefined && before.conflictSince > 0
  return Number(conflictSince > 0) - Number(wasInConflict)
}

/** Reads since when a document is in conflict. */
export function readConflictSince(store: Store, keys: DatabaseKeys, id: DocId): number {
  const record = store.getSync(conflictKey(keys, id))
  return record === undefined ? 0 : sinceOfConflict(record)
}

/** Writes what a commit changes in the index of conflicts. */
export function updateConflict(
  writes: WriteSetBuilder,
  keys: DatabaseKeys,
  change: {
    readonly id: DocId
    readonly before: ConflictState
    readonly now: ConflictState
    readonly leaves: readonly Leaf[]
  },
): void {
  const { id, before, now, leaves } = change
  if (before.conflictSince !== now.conflictSince)
    removeConflict(writes, keys, { id, since: before.conflictSince })
  if (now.conflictSince > 0) putConflict(writes, keys, { id, since: now.conflictSince, leaves })
}
