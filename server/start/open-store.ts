import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { indexExistingConflicts } from '../database/conflicts/index-existing.ts'
import type { OnDamage } from '../storage/durable/recovery.ts'
import { readMasterKeys } from '../storage/encryption/master-key.ts'
import { openMemoryStore, openStore, type Store } from '../storage/store.ts'
import type { CouchetteOptions } from './options.ts'

/**
 * Opens the server's store: LevelDB in the directory `store`, encrypted if there is a key; or one in memory.
 *
 * @param isShared true if other threads are to open it, too
 */
export async function openServerStore(
  { memory, data, encryption, env = {} }: CouchetteOptions,
  config: Config,
  log: Logger,
  isShared: boolean,
): Promise<Store> {
  if (memory === true) return openMemoryStore()
  const keys = await readMasterKeys({
    keyFile: encryption?.keyFile ?? env.COUCHETTE_ENCRYPTION_KEY_FILE,
    key: env.COUCHETTE_ENCRYPTION_KEY,
    previousKeyFile: encryption?.previousKeyFile ?? env.COUCHETTE_PREVIOUS_ENCRYPTION_KEY_FILE,
    previousKey: env.COUCHETTE_PREVIOUS_ENCRYPTION_KEY,
  })
  const store = await openStore(join(data, 'store'), {
    keys,
    isShared,
    onDamage: onDamage(config),
    maxWaitMs: () => config.integer('couchette', 'max_reopen_wait'),
    log,
    migrate: store => indexExistingConflicts(store, text => log.info(text)),
  })
  if (store.recovery?.damage !== undefined) log.error(store.recovery.damage)
  return store
}

/** Reads `[couchette] on_damage`. */
export function onDamage(config: Config): OnDamage {
  return config.text('couchette', 'on_damage') === 'report' ? 'report' : 'refuse'
}
