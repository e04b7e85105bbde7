import { strangeFiles } from '../attachments/check-files.ts'
import type { Catalog } from '../database/catalog.ts'
import { countDifference } from '../database/maintenance/count-documents.ts'
import type { StoreLog } from '../storage/durable/disk.ts'
import type { OnDamage } from '../storage/durable/recovery.ts'
import type { Store } from '../storage/store.ts'
import { PUT_BACK, refusal, reportMissing } from './missing-data.ts'

/**
 * Compares, after an end without a close, what the databases count with what they hold: those that the store's logs told
 * of, as the others were not written since their records were moved to tables and synced.
 *
 * @throws {StoreUnavailableError} where something is missing, and that is to be refused
 */
export async function checkAfterCrash(
  store: Store,
  catalog: Catalog,
  onDamage: OnDamage,
  log: StoreLog,
): Promise<void> {
  const { recovery } = store
  if (recovery === undefined || (!recovery.wasCut && recovery.damage === undefined)) return
  for await (const name of catalog.names()) {
    const database = await catalog.open(name)
    if (!recovery.databases.has(database.record.number)) continue
    const difference = await countDifference(database)
    if (difference === undefined) continue
    refuseOrReport(`The database ${name} is damaged: ${difference}.`, RESTORE, onDamage, store, log)
  }
  await recovery.checked()
}

/**
 * Compares the files of attachments with what the store names, so that a directory that is away, or is not the store's, is
 * not served as if its attachments had never been.
 *
 * @throws {StoreUnavailableError} where they do not belong together, and that is to be refused
 */
export async function checkAttachmentFiles(
  store: Store,
  directory: string,
  onDamage: OnDamage,
  log: StoreLog,
): Promise<void> {
  const strange = await strangeFiles(store, directory)
  if (strange === undefined) return
  const sentence = `The attachments in ${directory} do not belong to the store: ${strange}.`
  refuseOrReport(sentence, PUT_BACK, onDamage, store, log)
}

const RESTORE = 'Restore a backup or replicate from another server'

/** @param advice what else there is to do than to start with what is left */
function refuseOrReport(
  sentence: string,
  advice: string,
  onDamage: OnDamage,
  store: Store,
  log: StoreLog,
): void {
  if (onDamage === 'report') return reportMissing(store, log, sentence)
  throw refusal(sentence, advice)
}
