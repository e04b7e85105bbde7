import { type DocId, isDesignId } from '../../protocol/document-id.ts'
import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import type { EventSource } from '../../protocol/streams/event-source.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { listLocalDocuments } from '../database/documents/local-documents.ts'
import type { IngestedChange, IngestResult } from './ingested.ts'
import { documentId, type PreparedChange } from './prepared-events.ts'
import { decodeState, DELETED, stateId, statePrefix } from './row-state.ts'
import { RowVersions } from './row-versions.ts'

/** Rows that are one commit. */
const AT_A_TIME = 1000

/** User and limits of the deletions, and what is written with the last of them. */
export interface TruncateOptions {
  readonly limits: DocumentLimits
  readonly user: UserContext
  readonly locals?: readonly LocalEdit[]
}

/**
 * Deletes the documents that came from a table which was truncated, in commits of 1000; one that is cut off is done again by the
 * event, which comes again.
 */
export async function truncateRows(
  database: Database,
  source: EventSource,
  { limits, user, locals = [] }: TruncateOptions,
): Promise<IngestResult> {
  const prefix = statePrefix(source.name)
  const changes: IngestedChange[] = []
  for (let after: string | undefined; ;) {
    const listed = await listLocalDocuments(database, prefix, {
      limit: AT_A_TIME,
      ...(after === undefined ? {} : { after }),
    })
    // Members can write `_local` documents: none of theirs deletes functions with the rights of whoever sends the event.
    const present = listed
      .filter(({ body }) => isPresent(body))
      .map(({ id }) => id.slice(prefix.length))
      .filter(id => !isDesignId(id))
    const versions = new RowVersions(database, limits)
    const deletions = present.map(id => deletion(source, documentId(id, limits.maxIdBytes)))
    await versions.load(deletions)
    changes.push(...deletions.map(change => versions.take(change, source)))
    const isLast = listed.length === 0
    const edits = [...versions.locals, ...(isLast ? locals : [])]
    if (versions.edits.length + edits.length > 0)
      await database.write({ kind: 'write_rows', edits: versions.edits, locals: edits, user })
    if (isLast) return { kind: 'done', changes }
    after = listed.at(-1)!.id
  }
}

function deletion(source: EventSource, id: DocId): PreparedChange {
  return { kind: 'delete', id, row: stateId(source.name, id) }
}

/** True for a row that the source has sent and not deleted since. */
function isPresent(body: Uint8Array): boolean {
  const { rev, digest } = decodeState(body)
  return rev !== undefined && digest !== DELETED
}
