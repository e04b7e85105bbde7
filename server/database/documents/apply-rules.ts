import type { DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../database.ts'

/** A document as the database's rules let it be written. @throws what the rules throw */
export function applyWriteRules(
  database: Database,
  id: DocId,
  input: DocumentInput,
  user: UserContext,
): DocumentInput | Promise<DocumentInput> {
  if (database.rules === undefined || id.startsWith('_local/')) return input
  return database.rules.beforeWrite(id, input, { user, security: database.security })
}

/**
 * Returns a document's JSON as the database's rules let the reader see it. All documents that are answered pass here:
 * whatever makes JSON of a stored document takes its reader, and calls this.
 *
 * @throws what the rules throw
 */
export function applyReadRules(database: Database, id: DocId, json: Buffer, user: UserContext): Buffer {
  const { rules, security } = database
  if (rules === undefined) return json
  return rules.afterRead(id, json, { user, security })
}

/**
 * Refuses who may not see every document whole: views, queries, filters and lists tell of all documents, whether they
 * show them or not.
 *
 * @throws what the rules throw
 */
export function requireWholeView(database: Database, user: UserContext): void {
  database.rules?.requireWholeView({ user, security: database.security })
}
