import type { DocId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import { generationOf, hashOf, makeRev, type Rev } from '../../../protocol/revision.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { REVISION_BYTES } from '../commit/local-edits.ts'
import { STORAGE } from '../storage-of.ts'

/** A `_local` document: not replicated, no history, revisions 0-1, 0-2 and so on. */
export interface LocalDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly body: Uint8Array
}

export async function readLocalDocument(database: Database, id: DocId): Promise<LocalDocument | undefined> {
  const { store, keys } = database[STORAGE]
  const record = await store.get(keys.text(KeySpace.local, id))
  return record === undefined ? undefined : decodeLocalDocument(id, record)
}

/** A record is the revision's number (6 bytes) and the body's JSON text. */
export function decodeLocalDocument(id: DocId, record: Uint8Array): LocalDocument {
  const number = Buffer.from(record.buffer, record.byteOffset, REVISION_BYTES).readUIntBE(0, REVISION_BYTES)
  return { id, rev: makeRev(0, String(number)), body: record.subarray(REVISION_BYTES) }
}

/** @param options.revs with `_revisions`, which a local document has one of */
export function renderLocalDocument({ id, rev, body }: LocalDocument, options = { revs: false }): Buffer {
  const revisions = { start: generationOf(rev), ids: [hashOf(rev)] }
  const extras = options.revs ? `,"_revisions":${JSON.stringify(revisions)}` : ''
  return renderDocument({ id, rev, deleted: false, body, extras })
}
