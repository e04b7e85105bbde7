import type { DocId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import { generationOf, hashOf } from '../../../protocol/revision.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { STORAGE } from '../storage-of.ts'
import { decodeLocalDocument, type LocalDocument } from './local-record.ts'

export async function readLocalDocument(database: Database, id: DocId): Promise<LocalDocument | undefined> {
  const { store, keys } = database[STORAGE]
  const record = await store.get(keys.text(KeySpace.local, id))
  return record === undefined ? undefined : decodeLocalDocument(id, record)
}

/** @param options.revs with `_revisions`, which a local document has one of */
export function renderLocalDocument({ id, rev, body }: LocalDocument, options = { revs: false }): Buffer {
  const revisions = { start: generationOf(rev), ids: [hashOf(rev)] }
  const extras = options.revs ? `,"_revisions":${JSON.stringify(revisions)}` : ''
  return renderDocument({ id, rev, deleted: false, body, extras })
}
