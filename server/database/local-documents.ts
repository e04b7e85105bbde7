import type { DocId } from '../../protocol/document-id.ts'
import { renderDocument } from '../../protocol/document/render.ts'
import { fail } from '../../protocol/errors.ts'
import { generationOf, hashOf, makeRev, type Rev } from '../../protocol/revision.ts'
import { Space } from '../storage/keys.ts'
import type { Commit } from './commit.ts'
import type { Database } from './database.ts'

/** A `_local` document: not replicated, no history, revisions 0-1, 0-2 and so on. */
export interface LocalDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly body: Uint8Array
}

export interface LocalEdit {
  readonly id: DocId
  /** The revision that was given; the new one is one above it, whatever is stored. */
  readonly rev: Rev | undefined
  readonly deleted: boolean
  readonly body: Uint8Array
}

const REVISION_BYTES = 6

export async function readLocalDocument(database: Database, id: DocId): Promise<LocalDocument | undefined> {
  const record = await database.store.get(database.keys.text(Space.local, id))
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

/** Writes `_local` documents in a commit; a deletion answers 0-0 (CouchDB: couch_db:update_local_doc_revs/1). */
export function applyLocalEdits(commit: Commit, edits: readonly LocalEdit[]): readonly Rev[] {
  return edits.map(({ id, rev, deleted, body }) => {
    if (deleted) {
      commit.deleteLocalDocument(id)
      return makeRev(0, '0')
    }
    const number = numberOf(rev) + 1
    const record = Buffer.allocUnsafe(REVISION_BYTES + body.length)
    record.writeUIntBE(number, 0, REVISION_BYTES)
    record.set(body, REVISION_BYTES)
    commit.putLocalDocument(id, record)
    return makeRev(0, String(number))
  })
}

function numberOf(rev: Rev | undefined): number {
  if (rev === undefined) return 0
  const number = hashOf(rev)
  if (generationOf(rev) !== 0 || !/^\d{1,14}$/.test(number)) throw fail('invalidRev')
  return Number(number)
}
