import type { Catalog } from '../database/catalog.ts'
import { countDifference } from '../database/maintenance/count-documents.ts'
import type { StoreLog } from '../storage/durable/disk.ts'
import type { OnDamage } from '../storage/durable/recovery.ts'
import { type Store, StoreUnavailableError } from '../storage/store.ts'

/**
 * Compares, after an end without a close, what the databases count with what they hold: those that the store's logs told
 * of, as the others were not written since their records were moved to tables and synced.
 *
 * @throws {StoreUnavailableError} where something is missing, and that is to be refused
 */
export async function checkAfterCrash(
  { recovery, health }: Store,
  catalog: Catalog,
  onDamage: OnDamage,
  log: StoreLog,
): Promise<void> {
  if (recovery === undefined || (!recovery.wasCut && recovery.damage === undefined)) return
  for await (const name of catalog.names()) {
    const database = await catalog.open(name)
    if (!recovery.databases.has(database.record.number)) continue
    const difference = await countDifference(database)
    if (difference === undefined) continue
    const sentence = `The database ${name} is damaged: ${difference}.`
    if (onDamage === 'report') {
      log.error(sentence)
      health?.noteMissing(sentence)
    } else {
      throw new StoreUnavailableError(
        `${sentence} Restore a backup or replicate from another server; to start with what is left, set [couchette] on_damage = report.`,
      )
    }
  }
  await recovery.checked()
}
