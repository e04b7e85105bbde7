import { DESIGN, DESIGN_END } from '../../protocol/document-id.ts'
import type { RevTree } from '../../protocol/revtree/tree.ts'
import {
  DatabaseKeys,
  databaseNameKey,
  databaseNameRange,
  nameOfDatabaseKey,
  KeySpace,
  textOfKey,
  treeKeyOf,
} from '../storage/keys.ts'
import { readUnlessDamaged } from '../storage/encryption/damaged.ts'
import type { Store } from '../storage/store.ts'
import type { DatabaseRecord } from './database-record.ts'
import { decodeState, type DatabaseState } from './state.ts'
import { decodeBodyRecord } from './documents/body-record.ts'
import { isLiveRecord, winnerBodyOf } from './documents/document-record.ts'
import { StoredDocument } from './documents/stored-document.ts'

/** A database of a store that no server has open: its entry in the catalog, and its stored counters and settings. */
export interface StoredDatabase {
  readonly name: string
  readonly record: DatabaseRecord
  readonly state: Readonly<DatabaseState>
}

/** Reads the names and records of a store's databases, in the order of their names, and nothing of the databases. */
export async function* storedDatabaseRecords(
  store: Store,
): AsyncGenerator<{ readonly name: string; readonly record: DatabaseRecord }> {
  for await (const [key, value] of store.iterator(databaseNameRange)) {
    yield { name: nameOfDatabaseKey(key), record: decodeRecord(value) }
  }
}

/** A design document of a database that no server has open. */
export interface StoredDesignDocument {
  readonly id: string
  /** JSON text without the members that begin with "_". */
  readonly body: Uint8Array
}

/** Reads the design documents of a database that can be read, in the order of their ids. */
export async function* storedDesignDocuments(
  store: Store,
  { record }: StoredDatabase,
): AsyncGenerator<StoredDesignDocument> {
  const keys = new DatabaseKeys(record.number)
  const range = { gt: keys.text(KeySpace.document, DESIGN), lt: keys.text(KeySpace.document, DESIGN_END) }
  for await (const key of store.keys(range)) {
    const stored = await readUnlessDamaged(() => store.get(key))
    if (stored === undefined || !isLiveRecord(stored)) continue
    const bodyKey = keys.number(KeySpace.body, winnerBodyOf(stored))
    const body = await readUnlessDamaged(() => store.get(bodyKey))
    if (body !== undefined) yield { id: textOfKey(key), body: decodeBodyRecord(body).body }
  }
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
  for await (const { name, record } of storedDatabaseRecords(store)) yield withState(store, name, record)
}

/** Reads one database; undefined where no database has that name. */
export async function storedDatabase(store: Store, name: string): Promise<StoredDatabase | undefined> {
  const value = await store.get(databaseNameKey(name))
  return value === undefined ? undefined : withState(store, name, decodeRecord(value))
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

async function withState(store: Store, name: string, record: DatabaseRecord): Promise<StoredDatabase> {
  const state = decodeState(await store.get(new DatabaseKeys(record.number).state))
  return { name, record, state }
}

function decodeRecord(value: Uint8Array): DatabaseRecord {
  return JSON.parse(Buffer.from(value).toString()) as DatabaseRecord
}
