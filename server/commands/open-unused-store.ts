import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '../config/start-error.ts'
import { indexExistingConflicts } from '../database/conflicts/index-existing.ts'
import { readMasterKeys } from '../storage/encryption/master-key.ts'
import { checkUnused, openStore, type Store } from '../storage/store.ts'

/**
 * Opens the store of a data directory that no server uses; one of an older format is migrated.
 *
 * @param encryptionKeyFile default: the key of the environment
 * @throws {StoreUnavailableError} while a server uses the directory, or where the key is missing
 * @throws {StartError} where there is no store
 */
export async function openUnusedStore(data: string, encryptionKeyFile: string | undefined): Promise<Store> {
  const directory = join(data, 'store')
  await access(directory).catch((error: unknown) => {
    throw fileError(error, 'The store', directory)
  })
  await checkUnused(directory)
  const keys = await readMasterKeys({
    keyFile: encryptionKeyFile ?? process.env.COUCHETTE_ENCRYPTION_KEY_FILE,
    key: process.env.COUCHETTE_ENCRYPTION_KEY,
  })
  return openStore(directory, { keys, migrate: store => indexExistingConflicts(store, () => {}) })
}
