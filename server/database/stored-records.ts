import { describeKey } from '../storage/checksums/checked-keys.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import { KeySpace } from '../storage/keys.ts'
import { DatabaseRanks } from './ranks/ranks.ts'
import { SECURITY_SETTING } from './setting-names.ts'
import { decodeState, type DatabaseState } from './state.ts'
import type { DatabaseStorage } from './storage-of.ts'

/** Records that a database reads when it is opened, and when the store was opened again. */
export interface StoredRecords {
  readonly state: DatabaseState
  readonly security: Uint8Array | undefined
  /** Record of the counts of its documents; undefined where they are not counted in the store. */
  readonly ranks: Uint8Array | undefined
}

/**
 * Reads state, security and counts of a database.
 *
 * @throws {DamagedValueError} where one of them is not what was written
 */
export async function readStored({ store, keys }: DatabaseStorage): Promise<StoredRecords> {
  const wanted = [keys.state, keys.text(KeySpace.setting, SECURITY_SETTING), DatabaseRanks.treeKey(keys)]
  const [state, security, ranks] = await store.getMany(wanted)
  if (state === undefined) await requireNothingStored({ store, keys })
  return { state: decodeState(state), security, ranks }
}

/**
 * Refuses a database that has documents and no state: it would give their numbers to new ones.
 *
 * @throws {DamagedValueError}
 */
async function requireNothingStored({ store, keys }: DatabaseStorage): Promise<void> {
  for (const space of [KeySpace.document, KeySpace.change, KeySpace.body, KeySpace.local]) {
    const found = await store.keys({ ...keys.range(space), limit: 1 }).all()
    if (found.length > 0) throw new DamagedValueError(describeKey(keys.state))
  }
}
