import { isDatabaseName } from '../../../protocol/database-name.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { requireObject } from '../../../protocol/json/parse-json.ts'
import { ReplicationSyntaxError } from '../../../protocol/replication-error.ts'
import {
  type CancelById,
  parseReplication,
  type ReplicationRequest,
} from '../../../protocol/replication-request.ts'
import { PeerError } from '../../../replicator/peer-error.ts'
import { requireServerAdmin } from '../../auth/authorize.ts'
import { readJsonBody } from '../../http/request/body.ts'
import { parseBounded } from '../../http/request/json-body.ts'
import type { RequestContext } from '../context.ts'

/** Reads the body of a request that names two databases. */
export async function readRequest(ctx: RequestContext): Promise<JsonObject> {
  const json = await readJsonBody(ctx, 'query')
  return requireObject(await parseBounded(ctx, json, 'max_system_document_values')) as JsonObject
}

/**
 * Returns the request that a body makes.
 *
 * @param refuse throws for a body that makes none: `rethrow` or `rethrowAsBadRequest`
 */
export function parseRequest(
  ctx: RequestContext,
  body: JsonObject,
  refuse: (error: unknown) => never,
): ReplicationRequest | CancelById {
  const { replicator } = ctx.services
  try {
    const request = parseReplication(body, replicator.defaults, name => replicator.urlOf(name))
    if (!('cancelId' in request) && (request.source.credentials ?? request.target.credentials) !== undefined)
      requireServerAdmin(ctx.state.user)
    return request
  } catch (error) {
    return refuse(error)
  }
}

/**
 * Returns two databases that a request is about, named as in `_replicate`.
 *
 * @param what "a comparison", for the reason of a refusal
 * @throws `bad_request`, `illegal_database_name`
 */
export function parseTwoDatabases(ctx: RequestContext, body: JsonObject, what: string): ReplicationRequest {
  const request = parseRequest(ctx, body, rethrowAsBadRequest)
  if ('cancelId' in request || request.options.cancel)
    throw fail('badRequest', `${what} ends with its connection`)
  for (const { local, stream } of [request.source, request.target]) {
    if (stream !== undefined) throw fail('badRequest', `${what} is about databases`)
    if (local !== undefined && !isDatabaseName(local)) throw fail('illegalDatabaseName', local)
  }
  return request
}

/** CouchDB's status for what its replicator throws: words it does not know are 500. */
export function rethrow(error: unknown): never {
  if (error instanceof ReplicationSyntaxError) {
    throw new CouchError(error.kind === 'error' ? 500 : 400, error.kind, error.reason)
  }
  if (!(error instanceof PeerError)) throw error
  if (error.error === 'filter_fetch_error') throw new CouchError(404, 'not_found', error.reason)
  if (['host_not_allowed', 'no_credentials'].includes(error.error) || error.error === 'forbidden')
    throw fail('forbidden', error.reason)
  if (error.error === 'unauthorized') throw fail('unauthorized', error.reason)
  throw new CouchError(500, error.error, error.reason)
}

/** As `rethrow`, for requests that CouchDB does not have: a body of the wrong shape is 400, a database that is not there 404. */
export function rethrowAsBadRequest(error: unknown): never {
  if (error instanceof ReplicationSyntaxError) throw fail('badRequest', error.reason)
  if (error instanceof PeerError && error.error === 'db_not_found')
    throw new CouchError(404, error.error, error.reason)
  return rethrow(error)
}
