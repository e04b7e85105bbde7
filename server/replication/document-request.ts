import type { DocId } from '../../protocol/document-id.ts'
import { ReplicationSyntaxError } from '../../protocol/replication-error.ts'
import { parseReplication, type ReplicationRequest } from '../../protocol/replication-request.ts'
import { followerAccount, isFollowerDocument } from './follower-job.ts'
import { type JobFactory, type JobOrigin, loginFromDocument } from './job-factory.ts'
import type { ReplicatorDocument } from './stored-documents.ts'

type Named = { readonly database: string; readonly id: DocId }

/**
 * Parses what a document of a `_replicator` database asks for. That of a follower, which the server alone writes, names its target
 * without a URL, and may have a mask.
 *
 * @throws ReplicationSyntaxError
 */
export function documentRequest(
  replicator: Pick<JobFactory, 'defaults' | 'urlOf'>,
  document: Named,
  { members }: ReplicatorDocument,
): ReplicationRequest {
  const isFollower = isFollowerDocument(document)
  const localUrl = isFollower ? (name: string) => replicator.urlOf(name) : undefined
  const request = parseReplication(members, replicator.defaults, localUrl, isFollower)
  if ('cancelId' in request) throw new ReplicationSyntaxError('bad_request', 'a document cannot cancel a job')
  return request
}

/**
 * Returns where a document's job comes from, and as whom it uses databases of this server.
 *
 * @throws ReplicationSyntaxError where a follower's database follows nobody, or by another document
 */
export async function documentOrigin(
  { catalog }: Pick<JobFactory, 'catalog'>,
  document: Named,
  { members }: ReplicatorDocument,
  request: ReplicationRequest,
): Promise<JobOrigin> {
  const maker = isFollowerDocument(document)
    ? { maker: await followerAccount(catalog, document, request) }
    : {}
  const user = request.user?.name ?? null
  return { document, user, loginFrom: loginFromDocument(members), ...maker }
}
