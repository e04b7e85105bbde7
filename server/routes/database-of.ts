import { isDatabaseName } from '../../protocol/database-name.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { parseDocId } from '../../protocol/document-id.ts'
import { fail } from '../../protocol/errors.ts'
import type { Database } from '../database/database.ts'
import { ADMIN_ROLE, type RequestContext } from '../http/context.ts'
import { decodeSegment } from '../http/percent.ts'

/**
 * The database that the path names, if the user may see it.
 *
 * @throws `noDatabase`, `unauthorized`, `forbidden`
 */
export async function databaseOf(ctx: RequestContext): Promise<Database> {
  const name = decodeSegment(ctx.params.db ?? '')
  if (name === undefined || !isDatabaseName(name)) throw fail('noDatabase')
  if (!ctx.state.user.roles.includes(ADMIN_ROLE))
    throw fail('unauthorized', 'You are not authorized to access this db.')
  return ctx.services.catalog.open(name)
}

/**
 * The document id that the path names, decoded.
 *
 * @param prefix "_design/" or "_local/" where the path has it as a segment of its own
 * @throws `illegal_docid`
 */
export function docIdOf(ctx: RequestContext, prefix = ''): DocId {
  const id = decodeSegment(ctx.params.docid ?? ctx.params.name ?? '')
  if (id === undefined) throw fail('illegalDocId', 'Document id must be valid UTF-8')
  return parseDocId(prefix + id)
}
