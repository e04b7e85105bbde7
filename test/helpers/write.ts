import { parseDocument } from '../../protocol/document/parse.ts'
import { parseDocId } from '../../protocol/document-id.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Database } from '../../server/database/database.ts'
import type { EditOutcome } from '../../server/database/documents/edit.ts'
import { writeDocuments } from '../../server/database/documents/write-documents.ts'

export const ADMIN: UserContext = { name: 'admin', roles: ['_admin'] }

/** Writes documents as `_bulk_docs` does, each with its `_id`. */
export function write(
  database: Database,
  documents: readonly { readonly _id: string; readonly [member: string]: unknown }[],
  { replicated = false } = {},
): Promise<readonly EditOutcome[]> {
  const inputs = documents.map(document => ({
    id: parseDocId(document._id),
    input: parseDocument(Buffer.from(JSON.stringify(document)), { term: !replicated }),
  }))
  return writeDocuments(database, inputs, { replicated, user: ADMIN })
}
