import { asDatabaseName, type DatabaseName } from '../../protocol/database-name.ts'
import {
  DatabaseKeys,
  databaseNameKey,
  databaseNameRange,
  databaseOfDroppedKey,
  droppedRange,
  metaKey,
  nameOfDatabaseKey,
} from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'
import { oldestConflict } from './conflicts/oldest-conflict.ts'
import type { DatabaseRecord } from './database-record.ts'
import { decodeState } from './state.ts'

/** A part of the list of databases. */
export interface NameRange {
  readonly gte?: string
  readonly gt?: string
  readonly lte?: string
  readonly lt?: string
  readonly reverse?: boolean
  readonly limit?: number
  readonly skip?: number
}

/** The conflicts of one database. */
export interface ConflictCount {
  readonly name: DatabaseName
  readonly conflicts: number
  /** Milliseconds since 1970. */
  readonly oldest: number
}

/** Reads the record of a database; undefined if there is no database of that name. */
export async function readDatabaseRecord(
  store: Store,
  name: DatabaseName,
): Promise<DatabaseRecord | undefined> {
  const bytes = await store.get(databaseNameKey(name))
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as DatabaseRecord)
}

/**
 * Reads the number that the next database gets. Where that record is lost, it is one above all that exist: a number that is given
 * out twice gives a new database the documents of another one.
 */
export async function nextDatabaseNumber(store: Store): Promise<number> {
  const bytes = await store.get(metaKey('next'))
  return bytes === undefined
    ? (await highestDatabaseNumber(store)) + 1
    : Number(Buffer.from(bytes).toString())
}

/** Returns the highest number of a database that exists, or whose records are still to be deleted; 0 in a new store. */
async function highestDatabaseNumber(store: Store): Promise<number> {
  let highest = 0
  for await (const value of store.values(databaseNameRange))
    highest = Math.max(highest, (JSON.parse(Buffer.from(value).toString()) as DatabaseRecord).number)
  for await (const key of store.keys(droppedRange)) highest = Math.max(highest, databaseOfDroppedKey(key))
  return highest
}

/** Reads the names of databases in bytewise order. */
export async function* databaseNames(
  store: Store,
  { skip = 0, limit = Infinity, ...range }: NameRange,
): AsyncGenerator<DatabaseName> {
  if (limit === 0) return
  const most = limit === Infinity ? -1 : skip + limit
  let index = 0
  for await (const key of store.keys({ ...nameBounds(range), limit: most })) {
    if (index++ >= skip) yield asDatabaseName(nameOfDatabaseKey(key))
  }
}

function nameBounds({
  reverse = false,
  ...bounds
}: NameRange): typeof databaseNameRange & { reverse: boolean } {
  const keys = Object.entries(bounds).map(([bound, name]) => [bound, databaseNameKey(String(name))])
  return { ...databaseNameRange, reverse, ...(Object.fromEntries(keys) as object) }
}

/** Reads which databases have documents in conflict, how many, and since when the oldest, in milliseconds since 1970. */
export async function* conflictCounts(store: Store): AsyncGenerator<ConflictCount> {
  for await (const [key, value] of store.iterator(databaseNameRange)) {
    const { number } = JSON.parse(Buffer.from(value).toString()) as DatabaseRecord
    const { conflicts } = decodeState(await store.get(new DatabaseKeys(number).state))
    const oldest = conflicts === 0 ? undefined : await oldestConflict(store, number)
    if (oldest !== undefined) yield { name: asDatabaseName(nameOfDatabaseKey(key)), conflicts, oldest }
  }
}
