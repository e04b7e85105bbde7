import type { DocId } from '../../protocol/document-id.ts'
import { SERVER } from '../../protocol/user-context.ts'
import { tombstone } from '../database/conflicts/resolve-conflict.ts'
import type { Database } from '../database/database.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import { dueDocuments, expiryOfBody, type IndexedExpiry } from '../database/retention/expiry-index.ts'

const DOCUMENTS_AT_A_TIME = 100

/** Fate of documents whose end has come. */
export interface Expired {
  readonly deleted: number
  /** Those that a validation function, or a rule of the database, does not let go, with a reason of one. */
  readonly refused: number
  readonly reason?: string
}

/**
 * Deletes the documents whose winner has an end that has come, a commit at a time, as an edit without content does: every
 * node that does it makes the same revision, so that they do not conflict.
 */
export async function* expireDocuments(
  database: Database,
  field: string,
  now: number,
): AsyncGenerator<Expired, void, undefined> {
  let after: IndexedExpiry | undefined
  for (;;) {
    const due = await dueDocuments(database, now, { after, limit: DOCUMENTS_AT_A_TIME })
    if (due.length === 0) return
    after = due.at(-1)
    const edits = due.flatMap(({ id }) => deletionOf(database, id, field, now))
    const outcomes = await database.update(edits, { replicated: false, user: SERVER })
    // What was written meanwhile is indexed, and looked at, again.
    const refusals = outcomes.flatMap(({ error }) =>
      error === undefined || error.error === 'conflict' ? [] : [error.reason],
    )
    const deleted = outcomes.filter(({ error }) => error === undefined).length
    const [reason] = refusals
    yield { deleted, refused: refusals.length, ...(reason === undefined ? {} : { reason }) }
  }
}

/** The index may be behind the document, which decides. */
function deletionOf(database: Database, id: DocId, field: string, now: number): DocumentEdit[] {
  const document = database.document(id)
  if (document === undefined || document.deleted || document.body === 0) return []
  const end = expiryOfBody(field, database.body(document.body).body)
  return end === undefined || end > now ? [] : [tombstone(id, document.rev)]
}
