import { chmod, mkdir } from 'node:fs/promises'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import { fileErrorReason } from '../../protocol/file-errors.ts'
import type { Store } from './contract.ts'
import type { StoreLog } from './durable/disk.ts'
import { DurableStore } from './durable/durable-store.ts'
import { LevelDisk, type LevelDiskOptions } from './durable/level-disk.ts'
import { RecoveryCheck } from './durable/recovery-check.ts'
import type { OnDamage } from './durable/recovery.ts'
import type { ReopeningOptions } from './durable/reopening.ts'
import type { MasterKeys } from './encryption/master-key.ts'
import { readFormat, type DatabaseMigration } from './format.ts'
import { atStart, unavailable } from './unavailable.ts'

export { StoreUnavailableError } from './unavailable.ts'
export type {
  StoreEntry,
  RangeOptions,
  Store,
  StoreBatch,
  StoreIterator,
  StoreReadOptions,
  StoreSnapshot,
} from './contract.ts'

export interface StoreOptions extends ReopeningOptions, LevelDiskOptions {
  /** Encrypts a new store, and opens an encrypted one. */
  readonly keys?: MasterKeys | undefined
  /** Reaction to missing acknowledged writes. Default: `refuse`. */
  readonly onDamage?: OnDamage
  readonly log?: StoreLog
  /** Brings databases of an older format to the present one. */
  readonly migrate?: DatabaseMigration
}

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

const NO_LOG: StoreLog = { warn: () => {}, error: () => {} }

/** Only the server's own account reads what is stored. */
const DIRECTORY_MODE = 0o700

/**
 * Opens the LevelDB in `directory`, creating it when it is not there: encrypted, where there is a key.
 *
 * @throws {StoreUnavailableError} when another process holds it, a newer version wrote it, the key is not its key, or
 *   acknowledged writes are missing
 */
export async function openStore(directory: string, options: StoreOptions = {}): Promise<Store> {
  const { onDamage = 'refuse', log = NO_LOG } = options
  await makeDirectory(directory)
  const disk = new LevelDisk(directory, options)
  const check = new RecoveryCheck(disk, onDamage)
  const store = await openChecked(disk, check, log, options)
  try {
    await check.afterOpening(store.acknowledged)
    await disk.beginRun(store.acknowledged)
    return await readFormat(store, directory, options)
  } catch (error) {
    await store.abandon()
    throw fileErrorReason(error) === undefined ? atStart(directory, error) : unavailable(directory, error)
  }
}

/** @throws {StoreUnavailableError} as on a disk that is mounted to be read only */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
    await chmod(directory, DIRECTORY_MODE)
  } catch (error) {
    throw unavailable(directory, error)
  }
}

/**
 * Makes sure that no process has the store of `directory` open, without reading it; needs no key.
 *
 * @throws {StoreUnavailableError} where it is in use, damaged or missing
 */
export async function checkUnused(directory: string): Promise<void> {
  await new RecoveryCheck(new LevelDisk(directory), 'refuse').beforeOpening()
  const level = new Level<Uint8Array, Uint8Array>(directory, { ...ENCODINGS, createIfMissing: false })
  try {
    await level.open()
  } catch (error) {
    throw unavailable(directory, error)
  }
  await level.close()
}

async function openChecked(
  disk: LevelDisk,
  check: RecoveryCheck,
  log: StoreLog,
  options: StoreOptions,
): Promise<DurableStore> {
  try {
    await check.beforeOpening()
    return await DurableStore.open(disk, log, { ...options, recovery: () => check.result })
  } catch (error) {
    throw unavailable(disk.place, error)
  }
}

/** A store that lives as long as the process: for tests. It has checksums, as one on disk: readers cut them off. */
export async function openMemoryStore(): Promise<Store> {
  return readFormat(await openMemoryLevel(), 'memory')
}

/** The level of a store in memory, as LevelDB is that of one on disk. */
export async function openMemoryLevel(): Promise<MemoryLevel<Uint8Array, Uint8Array>> {
  const level = new MemoryLevel<Uint8Array, Uint8Array>(ENCODINGS)
  await level.open()
  return level
}
