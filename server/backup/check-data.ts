import { createHash } from 'node:crypto'
import { CouchError } from '../../protocol/errors.ts'
import { Attachments } from '../attachments/attachments.ts'
import { type BlobPlace, decodeBlobRecord, lengthOf } from '../attachments/blob-record.ts'
import { AttachmentFiles } from '../attachments/files.ts'
import { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { countDifference } from '../database/maintenance/count-documents.ts'
import { digestDifference } from '../database/ranks/check-digests.ts'
import { addressOfBlobKey, blobRecordRange } from '../storage/attachment-keys.ts'
import { MARK } from '../storage/durable/mark.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import type { Store } from '../storage/store.ts'

const RECORDS_AT_A_TIME = 1000
const MD5_BYTES = 16
const PIECE_BYTES = 1024 * 1024

/** Counts of a check. */
export interface CheckedData {
  records: number
  databases: number
  attachments: number
}

/**
 * Verifies a store and its attachments: the checksum of every record, the counts of every database against its documents and
 * its feed, and every attachment against its digest.
 *
 * @param directory of the files of attachments
 * @param seen counts what was looked at
 * @returns a sentence for everything that is not as it should be
 */
export async function* checkData(
  store: Store,
  directory: string,
  seen: CheckedData,
): AsyncGenerator<string, void, undefined> {
  yield* checkRecords(store, seen)
  yield* checkAttachments(store, directory, seen)
  yield* checkDatabases(store, directory, seen)
}

/** Reads keys alone first: a damaged record then hides no other. */
async function* checkRecords(store: Store, seen: CheckedData): AsyncGenerator<string, void, undefined> {
  const keys = store.keys({ gte: new Uint8Array(0) })
  try {
    for (;;) {
      const all = await keys.nextv(RECORDS_AT_A_TIME)
      if (all.length === 0) return
      // The mark lies below the checksums.
      const found = all.filter(key => !MARK.equals(key))
      seen.records += found.length
      try {
        await store.getMany(found)
      } catch (error) {
        reasonOf(error)
        for (const key of found) {
          const damage = await store.get(key).then(() => undefined, reasonOf)
          if (damage !== undefined) yield damage
        }
      }
    }
  } finally {
    await keys.close()
  }
}

async function* checkAttachments(
  store: Store,
  directory: string,
  seen: CheckedData,
): AsyncGenerator<string, void, undefined> {
  const files = await AttachmentFiles.open(directory, store.encryption)
  for await (const key of store.keys(blobRecordRange)) {
    // A damaged record was told already.
    const record = await store.get(key).catch((error: unknown) => void reasonOf(error))
    if (record === undefined) continue
    seen.attachments += 1
    const address = Buffer.from(addressOfBlobKey(key))
    const place = decodeBlobRecord(record)
    const damage = await contentDamage(files, place, address.subarray(0, MD5_BYTES))
    if (damage !== undefined)
      yield `An attachment with the digest md5-${address.subarray(0, MD5_BYTES).toString('base64')} ${damage}.`
  }
  await files.close()
}

/** Returns how the bytes of an attachment differ from its digest, as a phrase; undefined where they do not. */
export async function contentDamage(
  files: AttachmentFiles,
  place: BlobPlace,
  md5: Uint8Array,
): Promise<string | undefined> {
  const hash = createHash('md5')
  let length = 0
  try {
    for await (const bytes of contentOf(files, place)) {
      hash.update(bytes)
      length += bytes.length
    }
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
  if (length !== lengthOf(place)) return `has ${length} bytes and should have ${lengthOf(place)}`
  return hash.digest().equals(md5) ? undefined : 'is changed'
}

async function* contentOf(files: AttachmentFiles, place: BlobPlace): AsyncGenerator<Uint8Array> {
  if (place.kind === 'inline') {
    yield place.bytes
    return
  }
  const reader = await files.openForReading(place)
  try {
    for (let at = 0; at < place.length;) {
      const bytes = await reader.read(at, PIECE_BYTES)
      if (bytes.length === 0) return
      yield bytes
      at += bytes.length
    }
  } finally {
    await reader.close()
  }
}

async function* checkDatabases(
  store: Store,
  directory: string,
  seen: CheckedData,
): AsyncGenerator<string, void, undefined> {
  const attachments = await Attachments.open({
    store,
    directory,
    compressionLevel: () => undefined,
    maxSize: () => Infinity,
  })
  const catalog = new Catalog(store, attachments)
  try {
    for await (const name of catalog.names()) {
      seen.databases += 1
      const difference = await catalog.open(name).then(differenceIn).catch(reasonOf)
      if (difference !== undefined) yield `The database ${name} is damaged: ${difference}.`
    }
  } finally {
    await catalog.close()
    await attachments.close()
  }
}

async function differenceIn(database: Database): Promise<string | undefined> {
  return (await countDifference(database)) ?? (await digestDifference(database))
}

/** @throws what is no damage of a record */
function reasonOf(error: unknown): string {
  if (error instanceof DamagedValueError) return error.message
  if (error instanceof CouchError) return error.reason
  throw error
}
