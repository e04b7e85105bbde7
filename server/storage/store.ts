import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import type { Store } from './contract.ts'
import type { MasterKeys } from './encryption/master-key.ts'
import { readFormat } from './format.ts'
import { StoreUnavailableError } from './unavailable.ts'

export { StoreUnavailableError } from './unavailable.ts'
export type { Entry, RangeOptions, Store, StoreBatch, StoreIterator, StoreSnapshot } from './contract.ts'

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

/**
 * Opens the LevelDB in `directory`, creating it when it is not there: encrypted, where there is a key.
 *
 * @throws {StoreUnavailableError} when another process holds it, a newer version wrote it, or the key is not its key
 */
export async function openStore(directory: string, keys?: MasterKeys): Promise<Store> {
  const level = new Level<Uint8Array, Uint8Array>(directory, {
    ...ENCODINGS,
    // Larger than LevelDB's defaults: fewer, longer merges under bulk loads.
    writeBufferSize: 32 * 1024 * 1024,
    cacheSize: 64 * 1024 * 1024,
    maxFileSize: 8 * 1024 * 1024,
  })
  try {
    await level.open()
  } catch (error) {
    throw unavailable(directory, error)
  }
  try {
    return await readFormat(level, directory, keys)
  } catch (error) {
    await level.close()
    throw error
  }
}

/**
 * Makes sure that no process has the store of `directory` open, without reading it; needs no key.
 *
 * @throws {StoreUnavailableError} where it is in use, damaged or missing
 */
export async function checkUnused(directory: string): Promise<void> {
  const level = new Level<Uint8Array, Uint8Array>(directory, { ...ENCODINGS, createIfMissing: false })
  try {
    await level.open()
  } catch (error) {
    throw unavailable(directory, error)
  }
  await level.close()
}

/** A store that lives as long as the process: for tests. */
export async function openMemoryStore(): Promise<MemoryLevel<Uint8Array, Uint8Array>> {
  const store = new MemoryLevel<Uint8Array, Uint8Array>(ENCODINGS)
  await store.open()
  await readFormat(store, 'memory')
  return store
}

function unavailable(directory: string, error: unknown): StoreUnavailableError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined
  if (cause !== undefined && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
    return new StoreUnavailableError(
      `The data in ${directory} is in use by another process: stop it, or choose another directory with --data.`,
    )
  }
  const detail = cause?.message ?? String(error)
  return new StoreUnavailableError(`The data in ${directory} cannot be opened: ${detail}`)
}
