import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'

/** Has a node of a cluster apply a sequence that another node gave, before a feed begins there. */
export async function whenReached(
  { services }: Pick<RequestContext, 'services'>,
  database: Database,
  since: string,
): Promise<void> {
  if (services.cluster === undefined || since === 'now' || since === '0') return
  if (Number.parseInt(since) > database.state.seq) await services.cluster.catchUp()
}
