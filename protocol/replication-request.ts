import { parseMask } from './mask-rules.ts'
import { MASKED_HEADER, type MaskRule } from './masks.ts'
import { parseEndpoint } from './replication-endpoint.ts'
import type { ReplicationEndpoint } from './replication-endpoint.ts'
import { badReplication, noClause } from './replication-error.ts'
import { parseOptions } from './replication-options.ts'
import type { ReplicationDefaults, ReplicationOptions } from './replication-options.ts'

/** A replication, as requested by a body of `_replicate` or a document of a `_replicator` database. */
export interface ReplicationRequest {
  readonly source: ReplicationEndpoint
  readonly target: ReplicationEndpoint
  readonly options: ReplicationOptions
  /** Rules for values that a follower does not get; undefined: all. Those for a stream are in its endpoint. */
  readonly mask?: readonly MaskRule[] | undefined
  /** The document's `user_ctx`; null where it has none. */
  readonly user: { readonly name: string | null; readonly roles: readonly string[] } | null
}

/** A request to cancel a job by its id says nothing else. */
export type CancelById = { readonly cancelId: string }

type Members = Readonly<Record<string, unknown>>

/**
 * Parses a replication (CouchDB: `couch_replicator_parse:parse_rep_doc/2`).
 *
 * @param localUrl See `parseEndpoint`.
 * @param isFollower true for the job of a follower, which may have a mask
 * @throws ReplicationSyntaxError
 */
export function parseReplication(
  body: Members,
  defaults: ReplicationDefaults,
  localUrl?: (name: string) => string,
  isFollower = false,
): ReplicationRequest | CancelById {
  // `_replicate` takes the user of the request, whatever its body says.
  const user = localUrl === undefined ? parseUser(body.user_ctx) : null
  const proxies = parseProxies(body)
  const options = parseOptions(body, defaults)
  if (options.cancel && options.id !== undefined) return { cancelId: options.id }
  const mask = body.mask === undefined ? undefined : parseMask(body.mask)
  const named = parseEndpoint(body.source, proxies.source, localUrl)
  const isMasked = isFollower && mask !== undefined
  const source = isMasked ? { ...named, headers: { ...named.headers, [MASKED_HEADER]: 'true' } } : named
  const target = withMask(parseEndpoint(body.target, proxies.target, localUrl), mask, isFollower)
  checkStreams(source, target, options)
  return { source, target, options, user, ...(isMasked ? { mask } : {}) }
}

const NEEDS_FOLLOWER =
  '`mask` needs a target that is a stream, or a database that follows the source: `PUT /{db}/_follower` with `mask`'

/** A job whose mask does nothing would send clear values: where masks are not supported it is refused. */
function withMask(
  target: ReplicationEndpoint,
  mask: readonly MaskRule[] | undefined,
  isFollower: boolean,
): ReplicationEndpoint {
  if (mask === undefined || isFollower) return target
  if (target.stream === undefined) throw badReplication(NEEDS_FOLLOWER)
  if (target.stream.echo !== undefined)
    throw badReplication('masked events are no versions that a database could send back: `echo` and `mask`')
  return { ...target, stream: { ...target.stream, mask } }
}

function checkStreams(
  { stream: source }: ReplicationEndpoint,
  { stream: target }: ReplicationEndpoint,
  { filter, verify }: ReplicationOptions,
): void {
  if ((source ?? target) !== undefined && verify !== undefined)
    throw badReplication('a stream cannot be compared with a database')
  if (source !== undefined && filter.kind !== 'none')
    throw badReplication('filters are for databases: a broker chooses by subjects and topics')
  if (source !== undefined && target !== undefined)
    throw badReplication('one of source and target must be a database')
  if (source !== undefined && source.format !== 'document' && source.id === undefined)
    throw badReplication(
      'a source of rows needs an `id`: a template of document ids, such as "customer:{id}"',
    )
}

function parseProxies(body: Members): { source: string; target: string } {
  const [both, source, target] = [body.proxy, body.source_proxy, body.target_proxy].map(proxyUrl)
  if (both && source) throw badReplication('`proxy` is mutually exclusive with `source_proxy`')
  if (both && target) throw badReplication('`proxy` is mutually exclusive with `target_proxy`')
  return { source: both || source || '', target: both || target || '' }
}

const PROXY_PROTOCOLS = new Set(['http:', 'https:', 'socks5:'])

function proxyUrl(value: unknown): string {
  if (value === undefined || value === null || value === '') return ''
  if (typeof value !== 'string' || !URL.canParse(value)) throw badReplication('proxy has an invalid url')
  const { protocol, host } = new URL(value)
  if (!PROXY_PROTOCOLS.has(protocol) || host === '') throw badReplication('proxy has an invalid url')
  return value
}

/** @throws ReplicationSyntaxError with the match error that CouchDB's parser ends with */
function parseUser(value: unknown): ReplicationRequest['user'] {
  if (value === undefined) return null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw noClause(value)
  const { name, roles } = value as Members
  return {
    name: typeof name === 'string' ? name : null,
    roles: Array.isArray(roles) ? roles.filter(role => typeof role === 'string') : [],
  }
}
