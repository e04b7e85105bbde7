import { isDesignId } from '../../../protocol/document-id.ts'
import { requireDbAdmin } from '../../auth/authorize.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'

/** Bodies up to this are read first, so that a conflict or bad JSON is told before a missing right, as CouchDB does. */
const SHORT_BODY = 64 * 1024

/**
 * Refuses a long body for a design document before it is read, from whoever is no administrator of the database. The
 * commit asks for the right in any case.
 *
 * @throws `unauthorized`, `forbidden`
 */
export function checkDesignWriter(ctx: RequestContext, database: Database, id: string): void {
  if (!isDesignId(id)) return
  const announced = ctx.get('Content-Length')
  if (announced !== '' && Number(announced) <= SHORT_BODY) return
  requireDbAdmin(ctx.state.user, database.security)
}
