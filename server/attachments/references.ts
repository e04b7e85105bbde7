import {
  addressOfBodyReferenceKey,
  blobCheckKey,
  blobReferenceKey,
  blobCheckRange,
  blobFileRange,
  bodyReferenceRange,
  fileOfBlobFileKey,
  NO_DATABASE,
  partsOfBlobCheckKey,
} from '../storage/attachment-keys.ts'
import type { Store } from '../storage/store.ts'

const BATCH = 1000

/** Returns whether a stored revision of the database refers to the content. */
export async function hasReference(store: Store, database: number, address: Uint8Array): Promise<boolean> {
  const range = bodyReferenceRange(database, address)
  return (await store.keys({ ...range, limit: 1 }).all()).length > 0
}

/** Each content that the database refers to, once, some hundreds at a time. */
export async function* contentsOf(store: Store, database: number): AsyncGenerator<Buffer[]> {
  let batch: Buffer[] = []
  let last: Buffer | undefined
  for await (const key of store.keys(bodyReferenceRange(database))) {
    const address = addressOfBodyReferenceKey(key)
    if (last?.equals(address) === true) continue
    last = address
    batch.push(address)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Takes a whole database's references away; the contents are left to be checked. */
export async function dropReferences(store: Store, database: number): Promise<Buffer[]> {
  const dropped: Buffer[] = []
  for await (const addresses of contentsOf(store, database)) {
    const batch = store.batch()
    for (const address of addresses) {
      batch.del(blobReferenceKey(address, database))
      batch.put(blobCheckKey(NO_DATABASE, address), new Uint8Array(0))
    }
    await batch.write({ sync: true })
    dropped.push(...addresses)
  }
  return dropped
}

/** Finishes checks that a crash cut off: no database is open yet, so what is in the store is all there is. */
export async function finishDatabaseChecks(store: Store): Promise<void> {
  for (const key of await store.keys(blobCheckRange()).all()) {
    const { database, address } = partsOfBlobCheckKey(key)
    if (database === NO_DATABASE) continue
    const batch = store.batch().del(key)
    if (!(await hasReference(store, database, address))) {
      batch
        .del(blobReferenceKey(address, database))
        .put(blobCheckKey(NO_DATABASE, address), new Uint8Array(0))
    }
    await batch.write({ sync: true })
  }
}

/** Returns the lowest or highest number of a file that a record names; undefined where none does. */
export async function namedFile(store: Store, which: 'first' | 'last'): Promise<number | undefined> {
  const [key] = await store.keys({ ...blobFileRange, reverse: which === 'last', limit: 1 }).all()
  return key && fileOfBlobFileKey(key)
}
