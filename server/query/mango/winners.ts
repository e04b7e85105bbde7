import type { DocId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { attachmentsMember } from '../../database/attachments-member.ts'
import type { Database } from '../../database/database.ts'
import type { DocumentSummary } from '../../database/document-record.ts'

/** A document whose winner is wanted. */
export interface WinnerText {
  readonly id: DocId
  readonly summary: DocumentSummary | undefined
}

/** The JSON of documents' winners; undefined for those that are not there or deleted. */
export async function readWinners(
  database: Database,
  wanted: readonly WinnerText[],
  conflicts: boolean,
): Promise<(string | undefined)[]> {
  const bodies = await database.bodies(wanted.map(({ summary }) => summary?.body ?? 0))
  return wanted.map(({ id, summary }, at) => {
    const record = bodies[at]
    if (summary === undefined || summary.deleted || record === undefined) return undefined
    const extras =
      (conflicts && summary.branched ? conflictsOf(database, id) : '') + attachmentsMember(record.attachments)
    return renderDocument({ id, rev: summary.rev, deleted: false, body: record.body, extras }).toString()
  })
}

function conflictsOf(database: Database, id: DocId): string {
  const document = database.document(id)
  if (document === undefined) return ''
  const others = leaves(document.tree).filter(leaf => !leaf.deleted && leaf.rev !== document.rev)
  return others.length === 0 ? '' : `,"_conflicts":${JSON.stringify(others.map(({ rev }) => rev))}`
}
