import { hostname } from 'node:os'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { replicationId } from '../../protocol/replication-id.ts'
import type {
  Identity,
  IdentityEndpoint,
  IdentityFilter,
  ReplicationId,
} from '../../protocol/replication-id.ts'
import type { ReplicationFilter } from '../../protocol/replication-options.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { Peer } from '../../replicator/peer.ts'

/** This server as far as it identifies replications. */
export interface ServerIdentity {
  readonly uuid: string
  readonly port: number
}

/** A replication's id, and the ids that older versions of CouchDB gave it, newest first. */
export interface ReplicationIds {
  readonly id: ReplicationId
  readonly olderIds: readonly ReplicationId[]
}

const FETCH_TIMEOUT_MS = 60_000

/**
 * Computes a replication's ids; the code of a filter function is part of them and is fetched from the source.
 *
 * @throws PeerError `filter_fetch_error`
 */
export async function identify(
  request: ReplicationRequest,
  server: ServerIdentity,
  openSource: () => Promise<Peer>,
): Promise<ReplicationIds> {
  const identity: Identity = {
    ...server,
    hostname: hostname(),
    source: endpoint(request.source, request),
    target: endpoint(request.target, request),
    filter: await identityFilter(request.options.filter, openSource),
    winningRevsOnly: request.options.winningRevsOnly,
  }
  const older = ([3, 2, 1] as const).map(version => replicationId(identity, version))
  return { id: replicationId(identity), olderIds: older }
}

/** CouchDB makes a URL of a database's name, with the headers of the request that named it. */
function endpoint(
  { url, basic, headers, local }: ReplicationEndpoint,
  { user }: ReplicationRequest,
): IdentityEndpoint {
  const name = basic?.username ?? (local === undefined ? undefined : (user?.name ?? undefined))
  const all = local === undefined ? headers : { ...headers, cookie: '' }
  return { url, headers: all, ...(name === undefined ? {} : { user: name }) }
}

async function identityFilter(
  filter: ReplicationFilter,
  openSource: () => Promise<Peer>,
): Promise<IdentityFilter> {
  switch (filter.kind) {
    case 'none':
    case 'docIds':
    case 'builtin':
      return filter
    case 'selector':
      return { kind: 'selector', selector: filter.normalized }
    case 'function': {
      const code = await fetchCode(filter.ddoc, filter.name, openSource)
      return { kind: 'code', code, queryParams: filter.queryParams }
    }
  }
}

async function fetchCode(ddoc: string, name: string, openSource: () => Promise<Peer>): Promise<string> {
  const source = await openSource()
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
  try {
    const document = await source.getDocument(`_design/${ddoc}`, signal).catch((error: unknown) => {
      throw cannotOpen(ddoc, source.url, error instanceof Error ? error.message : String(error))
    })
    if (document === null) throw cannotOpen(ddoc, source.url, '{error,<<"not_found">>}')
    const { filters } = document as { filters?: Readonly<Record<string, unknown>> }
    const code = filters?.[name]
    if (typeof code === 'string') return trimmed(code)
    const missing = `{not_found,<<"missing json key: ${filters === undefined ? 'filters' : name}">>}`
    throw fetchError(
      `Couldn't parse filter code from document ${ddoc} on \`${source.url}\`  Error: ${missing}`,
    )
  } finally {
    await source.close()
  }
}

function cannotOpen(ddoc: string, url: string, reason: string): PeerError {
  return fetchError(`Couldn't open document \`_design/${ddoc}\` from source database \`${url}\`: ${reason}`)
}

function fetchError(reason: string): PeerError {
  return new PeerError('filter_fetch_error', reason, { status: 404, transient: true })
}

/** As CouchDB does it: spaces around code of one line only. */
function trimmed(code: string): string {
  return code.replace(/^ *([^\n]*?) *(\n?)$/, '$1$2')
}
