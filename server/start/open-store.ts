import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { indexExistingConflicts } from '../database/conflicts/index-existing.ts'
import type { OnDamage } from '../storage/durable/recovery.ts'
import { TableWatch } from '../storage/tables/table-watch.ts'
import { sparesMemory } from './memory.ts'
import { type MasterKeys, readMasterKeys } from '../storage/encryption/master-key.ts'
import { openMemoryStore, openStore, type Store } from '../storage/store.ts'
import type { Disposal } from './disposal.ts'
import type { CouchetteOptions } from './options.ts'
import { PUT_BACK, refusal, reportMissing } from './missing-data.ts'
import { markStore, missingStore } from './store-marker.ts'

/**
 * Opens the server's store: LevelDB in the directory `store`, encrypted if there is a key; or one in memory.
 *
 * @param isShared true if other threads are to open it, too
 * @throws {StoreUnavailableError} where the directory had a store that is away, and that is to be refused
 */
export async function openServerStore(
  options: CouchetteOptions,
  config: Config,
  log: Logger,
  isShared: boolean,
): Promise<Store> {
  const { memory, data } = options
  if (memory === true) return openMemoryStore()
  const keys = await masterKeysOf(options)
  const missing = await missingStore(data)
  if (missing !== undefined && onDamage(config) === 'refuse') throw refusal(missing, PUT_BACK)
  const store = await openStore(join(data, 'store'), {
    keys,
    isShared,
    isSmall: sparesMemory(config),
    onDamage: onDamage(config),
    maxWaitMs: () => config.integer('couchette', 'max_reopen_wait'),
    log,
    migrate: store => indexExistingConflicts(store, text => log.info(text)),
  })
  await markStore(data, log)
  const { damage, doubt } = store.recovery ?? {}
  for (const found of [missing, damage, doubt]) if (found !== undefined) reportMissing(store, log, found)
  return store
}

/** Verifies the tables of a store on disk, now and from time to time. */
export function watchTables(
  { health }: Store,
  { data }: CouchetteOptions,
  config: Config,
  log: Logger,
  disposal: Disposal,
): void {
  if (health === undefined) return
  const intervalMs = () => 1000 * config.integer('couchette', 'verify_tables_interval')
  const watch = new TableWatch(join(data, 'store'), health, log, intervalMs)
  disposal.add(() => watch.close())
  watch.start()
}

/**
 * Reads the master keys that options and environment name; undefined where they name none.
 *
 * @throws {StoreUnavailableError} for a file that cannot be read, and for what is no key
 */
export function masterKeysOf({
  encryption,
  env = {},
}: Pick<CouchetteOptions, 'encryption' | 'env'>): Promise<MasterKeys | undefined> {
  return readMasterKeys({
    keyFile: encryption?.keyFile ?? env.COUCHETTE_ENCRYPTION_KEY_FILE,
    key: env.COUCHETTE_ENCRYPTION_KEY,
    previousKeyFile: encryption?.previousKeyFile ?? env.COUCHETTE_PREVIOUS_ENCRYPTION_KEY_FILE,
    previousKey: env.COUCHETTE_PREVIOUS_ENCRYPTION_KEY,
  })
}

/** Reads `[couchette] on_damage`. */
export function onDamage(config: Config): OnDamage {
  return config.text('couchette', 'on_damage') === 'report' ? 'report' : 'refuse'
}
