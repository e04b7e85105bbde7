import type { SourceSeq } from './checkpoint.ts'
import { CouchError } from './errors.ts'
import type { JsonObject } from './json-value.ts'
import { badFilter, badParameter, badReplication } from './replication-error.ts'
import { parseJobId } from './replication-id.ts'
import { normalizeSelector } from './selector/normalize.ts'
import { MAX_TIMER_MS, parseVerify } from './verify-options.ts'
import type { VerifyOptions } from './verify-options.ts'

/** The filter that selects the documents of a replication. */
export type ReplicationFilter =
  | { readonly kind: 'none' }
  | { readonly kind: 'builtin'; readonly name: string; readonly queryParams: object }
  | { readonly kind: 'function'; readonly ddoc: string; readonly name: string; readonly queryParams: object }
  | { readonly kind: 'docIds'; readonly docIds: readonly string[] }
  | { readonly kind: 'selector'; readonly selector: JsonObject; readonly normalized: JsonObject }

/** The options of a replication, those that were not given filled in from the configuration. */
export interface ReplicationOptions {
  readonly continuous: boolean
  readonly createTarget: boolean
  /** Query parameters of the PUT that creates the target. */
  readonly createTargetParams: Readonly<Record<string, string>>
  readonly filter: ReplicationFilter
  readonly sinceSeq?: SourceSeq
  readonly useCheckpoints: boolean
  readonly checkpointIntervalMs: number
  readonly winningRevsOnly: boolean
  readonly useBulkGet: boolean
  readonly workerProcesses: number
  readonly workerBatchSize: number
  readonly httpConnections: number
  readonly connectionTimeoutMs: number
  readonly retriesPerRequest: number
  /** Not in CouchDB: crash rather than pass over a document that the target refuses. */
  readonly stopOnWriteFailure: boolean
  /** Not in CouchDB: compare both sides on an interval. */
  readonly verify?: VerifyOptions
  readonly cancel: boolean
  /** The job that `cancel` names. */
  readonly id?: string
}

/** The options that `[replicator]` sets for jobs that do not say. */
export interface ReplicationDefaults {
  readonly connectionTimeoutMs: number
  readonly retriesPerRequest: number
  readonly httpConnections: number
  readonly workerBatchSize: number
  readonly workerProcesses: number
  readonly checkpointIntervalMs: number
  readonly useCheckpoints: boolean
  readonly useBulkGet: boolean
}

/** CouchDB 3.5's. */
export const REPLICATION_DEFAULTS: ReplicationDefaults = {
  connectionTimeoutMs: 30_000,
  retriesPerRequest: 5,
  httpConnections: 20,
  workerBatchSize: 500,
  workerProcesses: 4,
  checkpointIntervalMs: 30_000,
  useCheckpoints: true,
  useBulkGet: true,
}

/** Least and most of numbers that jobs choose, and whoever may replicate: each costs memory or time of the server. */
const BOUNDS = {
  worker_processes: [1, 100],
  worker_batch_size: [1, 10_000],
  http_connections: [1, 1000],
  connection_timeout: [1, MAX_TIMER_MS],
  checkpoint_interval: [100, MAX_TIMER_MS],
} as const

type Members = Readonly<Record<string, unknown>>

/** Parses a replication's options; members that are no options are ignored (CouchDB: `make_options/1`). */
export function parseOptions(body: Members, defaults: ReplicationDefaults): ReplicationOptions {
  const id = body._local_id ?? body.replication_id ?? body.id
  const continuous = flag(body, 'continuous', false)
  return {
    cancel: flag(body, 'cancel', false),
    createTarget: flag(body, 'create_target', false),
    createTargetParams: createParams(body),
    winningRevsOnly: flag(body, 'winning_revs_only', false),
    continuous,
    useBulkGet: flag(body, 'use_bulk_get', defaults.useBulkGet),
    stopOnWriteFailure: flag(body, 'stop_on_write_failure', false),
    useCheckpoints:
      body.use_checkpoints === undefined ? defaults.useCheckpoints : body.use_checkpoints !== false,
    workerProcesses: bounded(body, 'worker_processes', defaults.workerProcesses),
    workerBatchSize: bounded(body, 'worker_batch_size', defaults.workerBatchSize),
    httpConnections: bounded(body, 'http_connections', defaults.httpConnections),
    connectionTimeoutMs: bounded(body, 'connection_timeout', defaults.connectionTimeoutMs),
    retriesPerRequest: integer(body, 'retries_per_request', defaults.retriesPerRequest),
    checkpointIntervalMs: bounded(body, 'checkpoint_interval', defaults.checkpointIntervalMs),
    filter: parseFilter(body),
    ...parseVerify(body, continuous),
    ...sinceSeq(body.since_seq),
    ...(typeof id === 'string' ? { id: parseJobId(id) } : {}),
  }
}

function sinceSeq(value: unknown): { sinceSeq?: SourceSeq } {
  return typeof value === 'string' || typeof value === 'number' ? { sinceSeq: value } : {}
}

function flag(body: Members, name: string, fallback: boolean): boolean {
  const value = body[name] ?? fallback
  if (body[name] === null || typeof value !== 'boolean') throw badParameter(name, 'a boolean')
  return value
}

/** Integers may be sent as text. CouchDB answers 500 to anything else. */
function integer(body: Members, name: string, fallback: number): number {
  const value = body[name]
  if (value === undefined) return fallback
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw badParameter(name, 'an integer')
  return number
}

/** A number beyond its bounds counts as the nearer one; a setting that is beyond them moves them. */
function bounded(body: Members, name: keyof typeof BOUNDS, fallback: number): number {
  const [least, most] = BOUNDS[name]
  const value = Math.max(Math.min(least, fallback), integer(body, name, fallback))
  return Math.max(1, Math.min(value, Math.max(most, fallback)))
}

function createParams(body: Members): Record<string, string> {
  const value = body.create_target_params
  if (value === undefined) return {}
  if (!isObject(value)) throw badParameter('create_target_params', 'a JSON object')
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, asText(text)]))
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function parseFilter(body: Members): ReplicationFilter {
  const { filter, selector } = body
  const docIds = body.doc_ids === null ? undefined : body.doc_ids
  const { query_params: queryParams = {} } = body
  if (!isObject(queryParams)) throw badParameter('query_params', 'an object')
  if (docIds !== undefined && !Array.isArray(docIds)) throw badParameter('doc_ids', 'an array')
  if (selector !== undefined && !isObject(selector)) throw badParameter('selector', 'a JSON object')
  if ([docIds, filter, selector].filter(value => value !== undefined).length > 1) {
    throw badReplication('`doc_ids`,`filter`,`selector` are mutually exclusive')
  }
  if (docIds !== undefined) return { kind: 'docIds', docIds: parseDocIds(docIds) }
  if (selector !== undefined) return parseSelector(selector as JsonObject)
  return filter === undefined ? { kind: 'none' } : namedFilter(filter, queryParams)
}

/** @throws ReplicationSyntaxError for what Mango refuses */
function parseSelector(selector: JsonObject): ReplicationFilter {
  try {
    return { kind: 'selector', selector, normalized: normalizeSelector(selector) }
  } catch (error) {
    throw error instanceof CouchError ? badReplication(error.reason) : error
  }
}

/** Percent-encoded, as CouchDB 0.11 took them; each once, in the order of their bytes. */
function parseDocIds(value: readonly unknown[]): string[] {
  const ids = value.map(id => {
    if (typeof id !== 'string') throw badParameter('doc_ids', 'an array of strings')
    return unquote(id)
  })
  return [...new Set(ids)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function unquote(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function namedFilter(filter: unknown, queryParams: Members): ReplicationFilter {
  if (typeof filter !== 'string') throw badFilter()
  if (filter === '_view' && !/^[^/]*\/[^/]*$/.test(asText(queryParams.view ?? ''))) {
    throw badReplication('Invalid `view` parameter.')
  }
  if (filter.startsWith('_')) return { kind: 'builtin', name: filter, queryParams }
  const slash = filter.indexOf('/')
  if (slash < 0) throw badFilter()
  return { kind: 'function', ddoc: filter.slice(0, slash), name: filter.slice(slash + 1), queryParams }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
