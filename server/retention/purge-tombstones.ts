import type { DocId } from '../../protocol/document-id.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import type { PurgeRequest } from '../database/commit/write-request.ts'
import type { Database } from '../database/database.ts'
import { isDeleted } from '../database/documents/change-record.ts'
import { purge } from '../database/maintenance/purge.ts'
import { changePages, lastSeq } from '../database/reading/change-pages.ts'
import { idOfRow } from '../database/reading/row-text.ts'

/** Rows whose tombstones are purged in one commit: other writers wait for no more than these. */
const ROWS_AT_A_TIME = 200

/** One page of work: the sequence that it ends with, and the number of documents that it purged. */
export interface RetentionPage {
  readonly seq: number
  readonly count: number
}

/**
 * Purges the documents whose leaves are all deleted and whose latest change lies in a range of sequences, page by page. A
 * caller that ends early has what was yielded.
 */
export async function* purgeTombstones(
  database: Database,
  range: { readonly after: number; readonly upTo: number },
): AsyncGenerator<RetentionPage, void, undefined> {
  for await (const page of changePages(database, { ...range, size: ROWS_AT_A_TIME })) {
    const requests = page.filter(isDeleted).flatMap(row => requestFor(database, idOfRow(row), range.upTo))
    const purged = requests.length === 0 ? [] : await purge(database, requests)
    yield { seq: lastSeq(page), count: purged.filter(revs => revs.length > 0).length }
  }
}

/** Returns whether a range of sequences has a tombstone. */
export async function hasTombstones(
  database: Database,
  range: { readonly after: number; readonly upTo: number },
): Promise<boolean> {
  for await (const page of changePages(database, { ...range, size: ROWS_AT_A_TIME }))
    if (page.some(isDeleted)) return true
  return false
}

/** A document that was written meanwhile is not what was found: its revisions are no leaves then, or it is not deleted. */
function requestFor(database: Database, id: DocId, upTo: number): PurgeRequest[] {
  const document = database.document(id)
  if (document === undefined || !document.deleted || document.seq > upTo) return []
  return [{ id, revs: leaves(document.tree).map(({ rev }) => rev) }]
}
