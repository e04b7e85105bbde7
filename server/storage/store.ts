import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import type { Store } from './contract.ts'
import { metaKey } from './keys.ts'

export type { Entry, RangeOptions, Store, StoreBatch, StoreIterator, StoreSnapshot } from './contract.ts'

/** The version of the key layout and encodings in docs/architecture.md. */
export const FORMAT_VERSION = 1

/** A store that cannot be opened, with a sentence that says what to do. */
export class StoreUnavailableError extends Error {}

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

/**
 * Opens the LevelDB in `directory`, creating it when it is not there.
 *
 * @throws {StoreUnavailableError} when another process holds it, or a newer version wrote it
 */
export async function openStore(directory: string): Promise<Store> {
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
  const store: Store = level
  await checkFormat(store, directory)
  return store
}

/** A store that lives as long as the process: for tests. */
export async function openMemoryStore(): Promise<MemoryLevel<Uint8Array, Uint8Array>> {
  const store = new MemoryLevel<Uint8Array, Uint8Array>(ENCODINGS)
  await store.open()
  await checkFormat(store, 'memory')
  return store
}

async function checkFormat(store: Store, directory: string): Promise<void> {
  const key = metaKey('format')
  const found = await store.get(key)
  if (found === undefined) {
    await store.put(key, Buffer.from(String(FORMAT_VERSION)))
    return
  }
  const version = Number(Buffer.from(found).toString())
  if (version !== FORMAT_VERSION) {
    await store.close()
    throw new StoreUnavailableError(
      `The data in ${directory} has format ${version}, this Couchette reads format ${FORMAT_VERSION}: ` +
        'start the version that wrote it, or choose another directory with --data.',
    )
  }
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
