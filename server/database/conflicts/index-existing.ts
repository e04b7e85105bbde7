import { decodeTree } from '../../../protocol/revtree/codec.ts'
import { isConflict, leaves } from '../../../protocol/revtree/leaves.ts'
import { emptyTree } from '../../../protocol/revtree/tree.ts'
import {
  DatabaseKeys,
  databaseNameRange,
  KeySpace,
  nameOfDatabaseKey,
  textOfKey,
  treeKeyOf,
} from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { asDocId } from '../../../protocol/document-id.ts'
import type { DatabaseRecord } from '../database-record.ts'
import { DocumentSummary, isBranchedRecord } from '../documents/document-record.ts'
import { decodeState, encodeState } from '../state.ts'
import { putConflict } from './conflict-index.ts'

const DOCUMENTS_AT_A_TIME = 1000
const DOCUMENTS_BETWEEN_REPORTS = 250_000

/**
 * Gives every database of a store of format 2 its index of conflicts. When those came about was not recorded: they count
 * from now. A migration that was cut off begins again.
 *
 * @param report called with how far it came, a sentence each
 */
export async function indexExistingConflicts(store: Store, report: (text: string) => void): Promise<void> {
  const now = Date.now()
  for (const [key, value] of await store.iterator(databaseNameRange).all()) {
    const { number } = JSON.parse(Buffer.from(value).toString()) as DatabaseRecord
    const keys = new DatabaseKeys(number)
    await store.clear(keys.range(KeySpace.conflict))
    const conflicts = await indexDatabase(store, { keys, now, report, name: nameOfDatabaseKey(key) })
    const state = decodeState(await store.get(keys.state))
    await store.put(keys.state, encodeState({ ...state, conflicts }), { sync: true })
  }
}

/** @returns the number of documents in conflict */
async function indexDatabase(
  store: Store,
  {
    keys,
    now,
    name,
    report,
  }: { keys: DatabaseKeys; now: number; name: string; report: (text: string) => void },
): Promise<number> {
  const entries = store.iterator(keys.range(KeySpace.document))
  let conflicts = 0
  try {
    for (let seen = 0; ;) {
      const found = await entries.nextv(DOCUMENTS_AT_A_TIME)
      if (found.length === 0) break
      conflicts += await indexDocuments(store, { keys, now, found })
      if (
        Math.floor((seen + found.length) / DOCUMENTS_BETWEEN_REPORTS) >
        Math.floor(seen / DOCUMENTS_BETWEEN_REPORTS)
      )
        report(`Indexing conflicts of ${name}: ${seen + found.length} documents done.`)
      seen += found.length
    }
  } finally {
    await entries.close()
  }
  report(`Indexed the conflicts of ${name}: ${conflicts} documents are in conflict.`)
  return conflicts
}

async function indexDocuments(
  store: Store,
  {
    keys,
    now,
    found,
  }: { keys: DatabaseKeys; now: number; found: readonly (readonly [Uint8Array, Uint8Array])[] },
): Promise<number> {
  const branched = found.filter(([, record]) => isBranchedRecord(record))
  if (branched.length === 0) return 0
  const batch = store.batch()
  let conflicts = 0
  for (const [key, record] of branched) {
    const all = leaves(await treeOf(store, key, record))
    if (!isConflict(all)) continue
    putConflict(batch, keys, { id: asDocId(textOfKey(key)), since: now, leaves: all })
    conflicts += 1
  }
  await batch.write({ sync: true })
  return conflicts
}

async function treeOf(store: Store, key: Uint8Array, record: Uint8Array) {
  const { treeOffset } = new DocumentSummary(record)
  if (treeOffset > 0) return decodeTree(record, treeOffset)
  const tree = await store.get(treeKeyOf(key))
  return tree === undefined ? emptyTree : decodeTree(tree)
}
