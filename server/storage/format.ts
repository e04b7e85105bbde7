import { addChecksums } from './checksums/add-checksums.ts'
import { CheckedStore } from './checksums/checked-store.ts'
import type { Store } from './contract.ts'
import { Encryption } from './encryption/encryption.ts'
import { newDataKey, unwrapDataKey, wrapDataKey } from './encryption/envelope.ts'
import type { MasterKeys } from './encryption/master-key.ts'
import { SealedStore } from './encryption/sealed-store.ts'
import { metaKey, metaRange } from './keys.ts'
import { StoreUnavailableError } from './unavailable.ts'

/** The version of the key layout and encodings in docs/architecture.md. */
export const FORMAT_VERSION = 3

/** The version before values had checksums. */
const WITHOUT_CHECKSUMS = '1'

/** The version before databases had an index of their conflicts. */
const WITHOUT_CONFLICTS = '2'

/**
 * Brings the databases of a store from format 2 to format 3. Begins again where it was cut off; must not need values that
 * are encrypted.
 */
export type DatabaseMigration = (store: Store) => Promise<void>

export interface FormatOptions {
  readonly keys?: MasterKeys | undefined
  /** Without it a store of an older format than 3 is refused. */
  readonly migrate?: DatabaseMigration | undefined
}

/** Stands behind the version of a store whose values are encrypted, so that nobody takes them for plain ones. */
const ENCRYPTED = 'aes-256-gcm'

const FORMAT = metaKey('format')
const ENVELOPE = metaKey('encryption')

/**
 * The store behind what its format says: with its checksums verified, and decrypted. A new one becomes encrypted when there
 * is a key; one of the version before is migrated first, which takes about a second for 200 000 records.
 *
 * @param place how a refusal names the data
 * @throws {StoreUnavailableError} for another version, and where key and data do not belong together
 */
export async function readFormat(
  store: Store,
  place: string,
  { keys, migrate }: FormatOptions = {},
): Promise<Store> {
  const found = await store.get(FORMAT)
  const checked = new CheckedStore(store)
  if (found === undefined) return begin(checked, keys)
  const [stored = '', cipher] = Buffer.from(found).toString().split(' ')
  if (stored === WITHOUT_CHECKSUMS) await migrateChecksums(store, cipher)
  const checkedVersion = stored === WITHOUT_CHECKSUMS ? WITHOUT_CONFLICTS : stored
  const version =
    checkedVersion === WITHOUT_CONFLICTS && migrate !== undefined
      ? await migrateDatabases(checked, cipher, migrate)
      : checkedVersion
  if (version !== String(FORMAT_VERSION) || (cipher !== undefined && cipher !== ENCRYPTED)) {
    throw new StoreUnavailableError(
      `The data in ${place} has format ${[version, cipher].join(' ').trim()}, this Couchette reads format ` +
        `${FORMAT_VERSION}: start the version that wrote it, or choose another directory with --data.`,
    )
  }
  if (cipher !== undefined) return unlock(checked, place, keys)
  if (keys === undefined) return checked
  throw new StoreUnavailableError(
    `The data in ${place} is not encrypted, and a key does not make it so: start without the key, or start a new ` +
      'directory with it and replicate the databases there.',
  )
}

async function migrateChecksums(store: Store, cipher: string | undefined): Promise<void> {
  await addChecksums(store, put => put(FORMAT, formatText(WITHOUT_CONFLICTS, cipher)))
}

/** @returns the version that the store has now */
async function migrateDatabases(
  store: Store,
  cipher: string | undefined,
  migrate: DatabaseMigration,
): Promise<string> {
  await migrate(store)
  await store.put(FORMAT, formatText(String(FORMAT_VERSION), cipher), { sync: true })
  return String(FORMAT_VERSION)
}

function formatText(version: string, cipher: string | undefined): Buffer {
  return Buffer.from(cipher === undefined ? version : `${version} ${cipher}`)
}

async function begin(store: Store, keys: MasterKeys | undefined): Promise<Store> {
  if (keys === undefined) {
    await store.put(FORMAT, Buffer.from(String(FORMAT_VERSION)))
    return store
  }
  const dataKey = newDataKey()
  await store
    .batch()
    .put(FORMAT, Buffer.from(`${FORMAT_VERSION} ${ENCRYPTED}`))
    .put(ENVELOPE, wrapDataKey(dataKey, keys.current))
    .write({ sync: true })
  return new SealedStore(store, new Encryption(dataKey))
}

async function unlock(store: Store, place: string, keys: MasterKeys | undefined): Promise<Store> {
  if (keys === undefined) {
    throw new StoreUnavailableError(
      `The data in ${place} is encrypted: give its key with --encryption-key-file or COUCHETTE_ENCRYPTION_KEY.`,
    )
  }
  const envelope = (await store.get(ENVELOPE)) ?? new Uint8Array(0)
  const dataKey = unwrapDataKey(envelope, keys.current) ?? (await takeOver(store, envelope, keys))
  if (dataKey !== undefined) return new SealedStore(store, new Encryption(dataKey))
  throw new StoreUnavailableError(
    `The data in ${place} is encrypted under another key than ` +
      (keys.previous === undefined ? 'the one that was given.' : 'the two that were given.'),
  )
}

/** Puts the data key under the current master key, where it is still under the previous one. */
async function takeOver(
  store: Store,
  envelope: Uint8Array,
  { current, previous }: MasterKeys,
): Promise<Uint8Array | undefined> {
  const dataKey = previous === undefined ? undefined : unwrapDataKey(envelope, previous)
  if (dataKey === undefined) return undefined
  await store.put(ENVELOPE, wrapDataKey(dataKey, current), { sync: true })
  // So that the envelope that the previous key opens does not stay on in an older file of the store.
  await store.compactRange?.(metaRange.gte, metaRange.lt)
  return dataKey
}
