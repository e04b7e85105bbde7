import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { generationOf, hashOf, makeRev, type Rev } from '../../../protocol/revision.ts'
import { encodeLocalDocument } from '../documents/local-record.ts'
import type { Commit } from './commit.ts'

export interface LocalEdit {
  readonly id: DocId
  /** The revision that was given; the new one is one above it, whatever is stored. */
  readonly rev: Rev | undefined
  readonly deleted: boolean
  readonly body: Uint8Array
}

/** Writes `_local` documents in a commit; a deletion answers 0-0 (CouchDB: couch_db:update_local_doc_revs/1). */
export function applyLocalEdits(commit: Commit, edits: readonly LocalEdit[]): readonly Rev[] {
  return edits.map(({ id, rev, deleted, body }) => {
    if (deleted) {
      commit.deleteLocalDocument(id)
      return makeRev(0, '0')
    }
    const number = numberOf(rev) + 1
    commit.putLocalDocument(id, encodeLocalDocument(number, body))
    return makeRev(0, String(number))
  })
}

function numberOf(rev: Rev | undefined): number {
  if (rev === undefined) return 0
  const number = hashOf(rev)
  if (generationOf(rev) !== 0 || !/^\d{1,14}$/.test(number)) throw fail('invalidRev')
  return Number(number)
}
