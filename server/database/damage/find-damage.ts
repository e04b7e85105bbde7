import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { bodies } from '../../../protocol/revtree/tree.ts'
import { addressOfBlobKey, blobRecordRange, bodyReferenceRange } from '../../storage/attachment-keys.ts'
import { MARK } from '../../storage/durable/mark.ts'
import { DamagedValueError } from '../../storage/encryption/damaged.ts'
import {
  databaseOfKey,
  DatabaseKeys,
  KeySpace,
  numberOfKey,
  spaceOfKey,
  textOfKey,
  treeKeyOf,
} from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import { StoredDocument } from '../documents/stored-document.ts'
import { storedDatabaseRecords } from '../inspect.ts'

/** Damage of one database: the documents that are affected, and records that can be made again or done without. */
export interface DatabaseDamage {
  readonly name: string
  readonly number: number
  /** Documents of which something cannot be read, in the order of their ids. */
  readonly documents: readonly DocId[]
  /** Damaged records of indexes, counts, logs and `_local` documents. */
  readonly others: readonly Uint8Array[]
}

export interface StoreDamage {
  readonly databases: readonly DatabaseDamage[]
  /** Addresses of attachments' content that is damaged. */
  readonly contents: readonly Uint8Array[]
  /** Sentences for damage that only a whole backup mends. */
  readonly beyond: readonly string[]
}

const RECORDS_AT_A_TIME = 1000

/** Spaces whose damaged records name a document, by themselves or through its tree. */
const OF_DOCUMENTS: readonly number[] = [KeySpace.document, KeySpace.tree, KeySpace.change, KeySpace.body]
/** Spaces that cannot be made again. */
const OF_DATABASES: readonly number[] = [KeySpace.state, KeySpace.setting]

/**
 * Reads every record of a store that no server uses, and tells what its damaged ones belong to.
 *
 * @param isDamaged returns whether the bytes of an attachment's content, whose record can be read, are damaged
 */
export async function findDamage(
  store: Store,
  isDamaged: (address: Uint8Array, record: Uint8Array) => Promise<boolean>,
): Promise<StoreDamage> {
  const damaged = await damagedKeys(store)
  const contents = await damagedContents(store, isDamaged)
  const beyond = damaged
    .filter(key => !isContent(key) && !isOfDatabase(key))
    .map(key => `The record ${Buffer.from(key).toString('hex')} is damaged: restore a backup.`)
  const databases: DatabaseDamage[] = []
  for await (const { name, record } of storedDatabaseRecords(store)) {
    const own = damaged.filter(key => databaseOfKey(key) === record.number)
    const documents = await affectedDocuments(store, record.number, own, contents)
    const others = own.filter(key => !OF_DOCUMENTS.includes(spaceOfKey(key) ?? 0) && isOfDatabase(key))
    if (documents.length + others.length > 0)
      databases.push({ name, number: record.number, documents, others })
  }
  return { databases, contents, beyond }
}

function isContent(key: Uint8Array): boolean {
  const { gte, lt } = blobRecordRange
  return Buffer.compare(key, gte) >= 0 && Buffer.compare(key, lt) < 0
}

function isOfDatabase(key: Uint8Array): boolean {
  const space = spaceOfKey(key)
  return space !== undefined && !OF_DATABASES.includes(space)
}

async function damagedKeys(store: Store): Promise<Uint8Array[]> {
  const damaged: Uint8Array[] = []
  const keys = store.keys({ gte: new Uint8Array(0) })
  try {
    for (;;) {
      const page = (await keys.nextv(RECORDS_AT_A_TIME)).filter(key => !MARK.equals(key))
      if (page.length === 0) return damaged
      if (!(await isUnreadable(store.getMany(page)))) continue
      for (const key of page) if (await isUnreadable(store.get(key))) damaged.push(key)
    }
  } finally {
    await keys.close()
  }
}

async function damagedContents(
  store: Store,
  isDamaged: (address: Uint8Array, record: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array[]> {
  const damaged: Uint8Array[] = []
  for await (const key of store.keys(blobRecordRange)) {
    const address = addressOfBlobKey(key)
    const record = await readable(store.get(key))
    if (record === undefined || (await isDamaged(address, record))) damaged.push(address)
  }
  return damaged
}

/** Finds the documents that damaged records and contents belong to, in one pass over all documents. */
async function affectedDocuments(
  store: Store,
  database: number,
  damaged: readonly Uint8Array[],
  contents: readonly Uint8Array[],
): Promise<DocId[]> {
  const keys = new DatabaseKeys(database)
  const inSpace = (space: number) => damaged.filter(key => spaceOfKey(key) === space)
  const ids = new Set([...inSpace(KeySpace.document), ...inSpace(KeySpace.tree)].map(textOfKey))
  const seqs = new Set(inSpace(KeySpace.change).map(numberOfKey))
  const wanted = new Set(inSpace(KeySpace.body).map(numberOfKey))
  for (const address of contents)
    for await (const key of store.keys(bodyReferenceRange(database, address))) wanted.add(bodyOf(key))
  if (ids.size + seqs.size + wanted.size === 0) return []
  for await (const key of store.keys(keys.range(KeySpace.document))) {
    const record = await readable(store.get(key))
    if (record === undefined) continue
    const tree = await readable(store.get(treeKeyOf(key)))
    const isAffected =
      seqs.has(new DocumentSummary(record).seq) ||
      [...bodies(new StoredDocument(record, () => tree).tree)].some(body => wanted.has(body))
    if (isAffected) ids.add(textOfKey(key))
  }
  return [...ids].sort().map(asDocId)
}

/** Returns the number of the body that refers to content, from the key of the reference. */
export function bodyOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(key.length - 6, 6)
}

/** Reads a record; undefined where it is damaged or not there. */
export async function readable(reading: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof DamagedValueError) return undefined
    throw error
  }
}

async function isUnreadable(reading: Promise<unknown>): Promise<boolean> {
  try {
    await reading
    return false
  } catch (error) {
    if (error instanceof DamagedValueError) return true
    throw error
  }
}
