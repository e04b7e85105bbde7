import { fail } from '../../../protocol/errors.ts'
import { MASKED_HEADER } from '../../../protocol/masks.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'

/**
 * Refuses a masked copy's revisions with their ancestors, as replicators ask for them, to all but masked followers: other
 * contents under genuine revision ids must not spread. Readers of documents are served.
 *
 * @throws `maskedSource`
 */
export function checkMaskedReader({ req }: RequestContext, { state }: Pick<Database, 'state'>): void {
  if (state.follower?.mask !== undefined && req.headers[MASKED_HEADER] === undefined)
    throw fail('maskedSource')
}
