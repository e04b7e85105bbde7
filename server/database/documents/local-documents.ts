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

/** Returns the local documents whose ids begin with a text, in their order. */
export async function listLocalDocuments(
  database: Database,
  prefix: string,
  options: { readonly after?: string; readonly limit: number },
): Promise<LocalDocument[]> {
  const { store, keys } = database[STORAGE]
  const range = {
    ...(options.after === undefined
      ? { gte: keys.text(KeySpace.local, prefix) }
      : { gt: keys.text(KeySpace.local, options.after) }),
    lt: Buffer.concat([keys.text(KeySpace.local, prefix), Buffer.from([0xff])]),
    limit: options.limit,
  }
  const entries = await store.iterator(range).all()
  return entries.map(([key, record]) => decodeLocalDocument(asDocId(textOfKey(key)), record))
}

/** @param options.revs with `_revisions`, which a local document has one of */
export function renderLocalDocument({ id, rev, body }: LocalDocument, options = { revs: false }): Buffer {
  const revisions = { start: generationOf(rev), ids: [hashOf(rev)] }
  const extras = options.revs ? `,"_revisions":${JSON.stringify(revisions)}` : ''
  return renderDocument({ id, rev, deleted: false, body, extras })
}
