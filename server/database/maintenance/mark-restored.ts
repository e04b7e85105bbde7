import { randomBytes } from 'node:crypto'
import { makeSuffix } from '../../../protocol/sequence.ts'
import type { DatabaseRecord } from '../database-record.ts'
import { storedDatabases } from '../inspect.ts'
import { databaseNameKey } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'

/**
 * Gives each database of a restored store a new instance: sequences that were given out after the backup are told from
 * those that are given out from now on, which have the same numbers.
 */
export async function markRestored(store: Store): Promise<void> {
  const batch = store.batch()
  for await (const { name, record, state } of storedDatabases(store)) {
    const restored: DatabaseRecord = {
      ...record,
      instance: makeSuffix(randomBytes(9)),
      earlier: [...(record.earlier ?? []), { instance: record.instance, until: state.seq }],
    }
    batch.put(databaseNameKey(name), Buffer.from(JSON.stringify(restored)))
  }
  await batch.write({ sync: true })
}
