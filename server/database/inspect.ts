import type { RevTree } from '../../protocol/revtree/tree.ts'
import {
  DatabaseKeys,
  databaseNameKey,
  databaseNameRange,
  nameOfDatabaseKey,
  KeySpace,
  treeKeyOf,
} from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'
import type { DatabaseRecord } from './database-record.ts'
import { decodeState, type DatabaseState } from './state.ts'
import { StoredDocument } from './documents/stored-document.ts'

/** A database of a store that no server has open: its entry in the catalog, and its stored counters and settings. */
export interface StoredDatabase {
  readonly name: string
  readonly record: DatabaseRecord
  readonly state: Readonly<DatabaseState>
}

/** A document as it is stored. */
export interface DocumentInspection {
  readonly seq: number
  readonly rev: string
  readonly deleted: boolean
  /** Bytes of the leaves' bodies and attachments. */
  readonly size: number
  readonly tree: RevTree
}

/** Reads the databases of a store in the order of their names, without opening them. */
export async function* storedDatabases(store: Store): AsyncGenerator<StoredDatabase> {
  for await (const [key, value] of store.iterator(databaseNameRange)) {
    yield await withState(store, nameOfDatabaseKey(key), value)
  }
}

/** Reads one database; undefined where no database has that name. */
export async function storedDatabase(store: Store, name: string): Promise<StoredDatabase | undefined> {
  const value = await store.get(databaseNameKey(name))
  return value === undefined ? undefined : withState(store, name, value)
}

/** Reads a document and its revision tree; undefined where it does not exist. */
export async function inspectDocument(
  store: Store,
  { record }: StoredDatabase,
  id: string,
): Promise<DocumentInspection | undefined> {
  const key = new DatabaseKeys(record.number).text(KeySpace.document, id)
  const stored = await store.get(key)
  if (stored === undefined) return undefined
  const tree = await store.get(treeKeyOf(key))
  return new StoredDocument(stored, () => tree)
}

async function withState(store: Store, name: string, value: Uint8Array): Promise<StoredDatabase> {
  const record = JSON.parse(Buffer.from(value).toString()) as DatabaseRecord
  const state = decodeState(await store.get(new DatabaseKeys(record.number).state))
  return { name, record, state }
}
