import { createHash } from 'node:crypto'
import { jsonTerm, sortedJsonTerm, termToBinary } from './erlang-term.ts'
import type { Term } from './erlang-term.ts'
import type { JsonObject } from './json-value.ts'

declare const brand: unique symbol

/** Id of a replication: 32 hex digits, under which both sides keep the checkpoint in `_local/`. */
export type ReplicationId = string & { readonly [brand]: 'ReplicationId' }

/** The version whose checkpoints are written; those of older versions are only looked up. */
export const REPLICATION_ID_VERSION = 4

/** A source or target as far as it identifies a replication. */
export interface IdentityEndpoint {
  /** With a trailing slash; credentials in it count as `user`. */
  readonly url: string
  /** The user of basic credentials, wherever they were given. */
  readonly user?: string
  /** Headers other than basic credentials and the replicator's own, in any order. */
  readonly headers: Readonly<Record<string, string>>
}

/** The part of a replication's id that its filter decides. */
export type IdentityFilter =
  | { readonly kind: 'none' }
  | { readonly kind: 'builtin'; readonly name: string; readonly queryParams: unknown }
  | { readonly kind: 'code'; readonly code: string; readonly queryParams: unknown }
  | { readonly kind: 'docIds'; readonly docIds: readonly string[] }
  /** Normalized, as Mango does it; the order of members does not count. */
  | { readonly kind: 'selector'; readonly selector: JsonObject }

/** All that makes one replication different from another. */
export interface Identity {
  readonly uuid: string
  readonly source: IdentityEndpoint
  readonly target: IdentityEndpoint
  readonly filter: IdentityFilter
  readonly winningRevsOnly?: boolean
  /** Of the server, for versions 1 and 2 only. */
  readonly hostname?: string
  readonly port?: number
}

/**
 * The replication's id (CouchDB: `couch_replicator_ids:replication_id/2`): the MD5 of the Erlang term
 * `[Uuid, Source, Target | Filter]`. In version 4 passwords and default ports do not count.
 */
export function replicationId(
  identity: Identity,
  version: 1 | 2 | 3 | 4 = REPLICATION_ID_VERSION,
): ReplicationId {
  return hashTerms(identityTerms(identity, version))
}

/** The MD5 of a list of terms, as hex. */
export function hashTerms(terms: readonly Term[]): ReplicationId {
  return createHash('md5')
    .update(termToBinary({ list: terms }))
    .digest('hex') as ReplicationId
}

/** Returns the term of which the id of that version is the hash. */
export function identityTerms(identity: Identity, version: 1 | 2 | 3 | 4): Term[] {
  const terms = [...baseTerms(identity, version), ...filterTerms(identity.filter)]
  return identity.winningRevsOnly ? [...terms, { binary: 'winning_revs_only' }] : terms
}

/** The job's id: the replication's, with the options that tell jobs of one replication apart. */
export function jobId(id: ReplicationId, options: { continuous: boolean; createTarget: boolean }): string {
  return `${id}${options.continuous ? '+continuous' : ''}${options.createTarget ? '+create_target' : ''}`
}

/** A job's id as clients send it: `+` arrives as a space when it was not escaped in a URL. */
export function parseJobId(text: string): string {
  return text.replaceAll(' ', '+')
}

function baseTerms(
  { uuid, source, target, hostname = '', port = 5984 }: Identity,
  version: 1 | 2 | 3 | 4,
): Term[] {
  if (version === 4) return [{ binary: uuid }, endpointV4(source), endpointV4(target)]
  const endpoints = [endpointV3(source), endpointV3(target)]
  if (version === 3) return [{ binary: uuid }, ...endpoints]
  if (version === 2) return [{ charlist: hostname }, { integer: BigInt(port) }, ...endpoints]
  return [{ charlist: hostname }, ...endpoints]
}

function endpointV3({ url, headers }: IdentityEndpoint): Term {
  return { tuple: [{ atom: 'remote' }, { charlist: url }, headerTerms(headers)] }
}

function endpointV4(endpoint: IdentityEndpoint): Term {
  const { user, host, port, path } = urlParts(endpoint.url)
  const name = user ?? endpoint.user
  return {
    tuple: [
      { atom: 'remote' },
      name === undefined ? { atom: 'undefined' } : { charlist: name },
      { charlist: host },
      port === undefined ? { atom: 'default' } : { integer: BigInt(port) },
      { charlist: path },
      headerTerms(endpoint.headers),
      { atom: 'undefined' },
    ],
  }
}

function headerTerms(headers: Readonly<Record<string, string>>): Term {
  const names = Object.keys(headers).sort()
  return { list: names.map(name => ({ tuple: [{ charlist: name }, { charlist: headers[name] ?? '' }] })) }
}

const DEFAULT_PORTS: Readonly<Record<string, readonly number[]>> = { 'http:': [80, 5984], 'https:': [443] }

/** By hand, because `URL` normalises hosts and paths, which CouchDB does not. */
function urlParts(url: string): { user?: string; host: string; port?: number; path: string } {
  const match = /^(https?:)\/\/(?:([^/@]*)@)?(\[[^\]]*\]|[^/:?]*)(?::(\d+))?(.*)$/i.exec(url)
  if (!match) return { host: url, path: '' }
  const [, scheme = '', credentials, host = '', digits, rest = ''] = match
  const user = credentials?.split(':')[0]
  const port = digits === undefined ? undefined : Number(digits)
  const isDefault = port === undefined || DEFAULT_PORTS[scheme.toLowerCase()]?.includes(port)
  return {
    ...(user === undefined ? {} : { user }),
    host,
    ...(isDefault ? {} : { port }),
    path: rest.startsWith('/') ? rest : `/${rest}`,
  }
}

function filterTerms(filter: IdentityFilter): Term[] {
  if (filter.kind === 'none') return []
  if (filter.kind === 'builtin') return [{ binary: filter.name }, jsonTerm(filter.queryParams)]
  if (filter.kind === 'code') return [{ binary: filter.code }, jsonTerm(filter.queryParams)]
  if (filter.kind === 'selector') return [sortedJsonTerm(filter.selector)]
  return [{ list: filter.docIds.map(id => ({ binary: id })) }]
}
