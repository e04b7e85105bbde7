import type { DocId } from '../../../protocol/document-id.ts'
import { readFirstBodies } from '../../changes/rows/read-bodies.ts'
import { attachmentsMember } from '../../database/attachments-member.ts'
import type { Database } from '../../database/database.ts'
import type { DocumentSummary } from '../../database/document-record.ts'
import { conflictsOf, type DocumentContent } from '../document-content.ts'

/** A document whose winner is wanted. */
export interface WantedWinner {
  readonly id: DocId
  /** Undefined where the document is gone. */
  readonly summary: DocumentSummary | undefined
}

/** Of large documents fewer are read at a time. */
const BATCH_BYTES = 4 * 1024 * 1024

/**
 * The winners of the first of some documents, at least one; undefined for those that are not there or deleted.
 *
 * @param conflicts whether `_conflicts` is wanted
 */
export async function readWinners(
  database: Database,
  wanted: readonly WantedWinner[],
  conflicts: boolean,
): Promise<(DocumentContent | undefined)[]> {
  const numbers = wanted.map(({ summary }) => (summary?.deleted === false ? summary.body : 0))
  const found = await readFirstBodies(database, numbers, BATCH_BYTES)
  return found.map((record, at) => {
    const { id, summary } = wanted[at] as WantedWinner
    if (summary === undefined || summary.deleted || record === undefined) return undefined
    const extras =
      (conflicts && summary.branched ? conflictsOf(database, id) : '') + attachmentsMember(record.attachments)
    return { id, rev: summary.rev, body: record.body, extras }
  })
}
