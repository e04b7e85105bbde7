import { fail } from '../../../protocol/errors.ts'
import { clusterReport } from '../../cluster/service/cluster-report.ts'
import { sendJson } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'

/** Members, leader, positions and lag. @throws `missing` where this server is no node of a cluster */
export function getCluster(ctx: RequestContext): void {
  const { cluster } = ctx.services
  if (cluster === undefined) throw fail('missing')
  sendJson(ctx, clusterReport(cluster))
}

/** Removes a member. @throws `noMember`; `badRequest` for the leader itself */
export async function deleteMember(ctx: RequestContext): Promise<void> {
  const { cluster } = ctx.services
  const node = ctx.params['node'] ?? ''
  if (cluster === undefined) throw fail('missing')
  if (cluster.group?.place.members[node] === undefined) throw fail('noMember', node)
  if (node === cluster.address.node)
    throw fail('badRequest', 'The leader cannot be removed: stop it first, so that another node leads.')
  await cluster.record({ kind: 'remove', node })
  sendJson(ctx, { ok: true })
}
