import type { DocId } from '../../../protocol/document-id.ts'
import { readFirstBodies } from '../../database/reading/read-bodies.ts'
import { attachmentsMember } from '../../database/documents/attachments-member.ts'
import type { BodyRecord } from '../../database/documents/body-record.ts'
import type { Database } from '../../database/database.ts'
import type { DocumentSummary } from '../../database/documents/document-record.ts'
import { conflictsOf, type DocumentContent } from '../document-content.ts'

/** A document whose winner is wanted. */
export interface WantedWinner {
  readonly id: DocId
  /** Undefined if the document was deleted or purged. */
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
  return found.map((record, index) => {
    const { id, summary } = wanted[index] as WantedWinner
    if (summary === undefined || summary.deleted) return undefined
    // The body is gone where the document was edited and its database compacted in between.
    const now = record === undefined ? database.document(id) : summary
    if (now === undefined || now.deleted) return undefined
    return contentOf(database, { id, summary: now, record: record ?? database.body(now.body), conflicts })
  })
}

function contentOf(
  database: Database,
  found: { id: DocId; summary: DocumentSummary; record: BodyRecord; conflicts: boolean },
): DocumentContent {
  const { id, summary, record, conflicts } = found
  const others = conflicts && summary.branched ? conflictsOf(database, id) : ''
  return { id, rev: summary.rev, body: record.body, extras: others + attachmentsMember(record.attachments) }
}
