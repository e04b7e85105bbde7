import type { DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../database.ts'
import { throughParser } from '../attachments/inline-data.ts'
import { type OpenRevision, readRevision } from './read-document.ts'

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

/** A document's JSON as the database's rules let it be seen. @throws what the rules throw */
export function applyReadRules(database: Database, id: DocId, json: Buffer, user: UserContext): Buffer {
  const { rules, security } = database
  if (rules === undefined) return json
  return throughParser(json, whole => rules.afterRead(id, whole, { user, security }))
}

/** Asks the rules of revisions before an answer with them begins: then it can still be a refusal. @throws what they throw */
export function checkReadRules(
  database: Database,
  id: DocId,
  found: readonly OpenRevision[],
  user: UserContext,
): void {
  if (database.rules === undefined) return
  for (const entry of found) {
    if ('ok' in entry) applyReadRules(database, id, readRevision(database, id, entry.ok, {}).json, user)
  }
}
