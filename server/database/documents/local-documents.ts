import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import { generationOf, hashOf } from '../../../protocol/revision.ts'
import { KeySpace, textOfKey } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { STORAGE } from '../storage-of.ts'
import { decodeLocalDocument, type LocalDocument } from './local-record.ts'

export async function readLocalDocument(database: Database, id: DocId): Promise<LocalDocument | undefined> {
  const { store, keys } = database[STORAGE]
  const record = await store.get(keys.text(KeySpace.local, id))
  return record === undefined ? undefined : decodeLocalDocument(id, record)
}

/** Returns local documents in the order of their ids as given, undefined for those that do not exist. */
export async function readLocalDocuments(
  database: Database,
  ids: readonly DocId[],
): Promise<(LocalDocument | undefined)[]> {
  const { store, keys } = database[STORAGE]
  const records = await store.getMany(ids.map(id => keys.text(KeySpace.local, id)))
  return records.map((record, index) => record && decodeLocalDocument(ids[index]!, record))
}

/** Local documents that follow each other: behind an id, and no more than a number. */
export interface LocalRange {
  readonly after?: string | undefined
  readonly limit: number
}

/** Bytes from which on a list ends, whatever its limit. */
const LIST_BYTES = 8 * 1024 * 1024
const RECORDS_AT_A_TIME = 200

/**
 * Returns the local documents whose ids begin with a text, in their order: fewer than the limit where they are large. So only an
 * empty list is known to be the last one.
 */
export async function listLocalDocuments(
  database: Database,
  prefix: string,
  range: LocalRange,
): Promise<LocalDocument[]> {
  const { store } = database[STORAGE]
  const iterator = store.iterator(rangeOf(database, prefix, range))
  const documents: LocalDocument[] = []
  try {
    for (let bytes = 0; bytes < LIST_BYTES;) {
      const entries = await iterator.nextv(RECORDS_AT_A_TIME)
      if (entries.length === 0) break
      for (const [key, record] of entries) {
        bytes += record.length
        documents.push(decodeLocalDocument(asDocId(textOfKey(key)), record))
      }
    }
  } finally {
    await iterator.close()
  }
  return documents
}

/** Returns the ids of local documents that begin with a text, in their order. */
export async function listLocalIds(database: Database, prefix: string, range: LocalRange): Promise<DocId[]> {
  const { store } = database[STORAGE]
  const keys = await store.keys(rangeOf(database, prefix, range)).all()
  return keys.map(key => asDocId(textOfKey(key)))
}

function rangeOf({ [STORAGE]: { keys } }: Database, prefix: string, { after, limit }: LocalRange) {
  const from =
    after === undefined
      ? { gte: keys.text(KeySpace.local, prefix) }
      : { gt: keys.text(KeySpace.local, after) }
  return { ...from, lt: Buffer.concat([keys.text(KeySpace.local, prefix), Buffer.from([0xff])]), limit }
}

/** @param options.revs with `_revisions`, which a local document has one of */
export function renderLocalDocument({ id, rev, body }: LocalDocument, options = { revs: false }): Buffer {
  const revisions = { start: generationOf(rev), ids: [hashOf(rev)] }
  const extras = options.revs ? `,"_revisions":${JSON.stringify(revisions)}` : ''
  return renderDocument({ id, rev, deleted: false, body, extras })
}
