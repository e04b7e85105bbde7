import { apiPath } from '../lib/location.ts'
import { getJson, hasStatus, request } from './http.ts'

export interface ConflictRow {
  readonly id: string
  readonly winner: string
  readonly conflicts: readonly string[]
  /** Time at which the conflict came about. */
  readonly since: string
}

export interface ConflictPage {
  readonly rows: readonly ConflictRow[]
  readonly total: number
  /** The first key of the next page; `undefined` on the last. */
  readonly next: string | undefined
}

const PAGE = 50

/** Returns a page of the documents in conflict. @param from the id that the page before gave as its `next` */
export async function listConflicts(
  database: string,
  from: string | undefined,
  signal: AbortSignal,
): Promise<ConflictPage> {
  const { total_rows, rows } = await getJson<{ total_rows: number; rows: ConflictRow[] }>(
    `${apiPath(database)}/_conflicts`,
    {
      params: { limit: PAGE + 1, startkey: from === undefined ? undefined : JSON.stringify(from) },
      signal,
    },
  )
  return { rows: rows.slice(0, PAGE), total: total_rows, next: rows[PAGE]?.id }
}

export interface Resolution {
  readonly database: string
  readonly id: string
  /** The leaves that are resolved, besides `keep`. */
  readonly revs: readonly string[]
  /** The revision to keep, or the text of a document without `_id` and `_rev` that takes the place of all of `revs`. */
  readonly to: { readonly keep: string } | { readonly content: string }
}

/**
 * Resolves a conflict in one commit.
 *
 * @throws {ApiError} when a leaf has changed meanwhile
 */
export async function resolveConflict({ database, id, revs, to }: Resolution): Promise<void> {
  const chosen = 'keep' in to ? `"keep":${JSON.stringify(to.keep)}` : `"body":${to.content}`
  await request('POST', `${apiPath(database)}/_conflicts/${apiPath(id)}`, {
    json: `{"revs":${JSON.stringify(revs)},${chosen}}`,
  })
}

/** The members of a document that differ only in how revisions are named do not count. */
export function isSystemMember(name: string): boolean {
  return name.startsWith('_') && name !== '_attachments'
}

/** The policies that a node applies to a database, with what each did since the node's start. */
export interface PolicyReport {
  /** False where the node leaves resolving to others. */
  readonly resolve: boolean
  readonly policies: readonly PolicyCounts[]
  /** Design documents whose policies are not applied. */
  readonly invalid: readonly { readonly id: string; readonly reason: string }[]
  /** Ids of documents that came into conflict too often. */
  readonly stopped: readonly string[]
}

export interface PolicyCounts {
  /** "_design/policy/0" */
  readonly policy: string
  readonly kind: string
  readonly resolved: number
  readonly left: number
  readonly failed: number
}

/** A resolution of a conflict, or the failure of a policy. */
export interface LoggedResolution {
  readonly time: string
  readonly id: string
  /** Null of a resolution by hand. */
  readonly policy: string | null
  readonly kind: string
  /** Name of the user who resolved it by hand. */
  readonly user?: string | null
  readonly leaves: readonly string[]
  readonly rev?: string
  readonly error?: string
}

const LOG_ROWS = 25

/** Returns the policies of a database in the order in which they are tried; undefined where the node has no policies. */
export function conflictPolicies(database: string, signal: AbortSignal): Promise<PolicyReport | undefined> {
  return getJson<PolicyReport>(`${apiPath(database)}/_conflicts/policies`, { signal }).catch(absent)
}

/** Returns the latest resolutions of a database, the newest first. */
export async function conflictLog(
  database: string,
  signal: AbortSignal,
): Promise<readonly LoggedResolution[]> {
  const answer = await getJson<{ rows: readonly LoggedResolution[] }>(`${apiPath(database)}/_conflicts/log`, {
    params: { limit: LOG_ROWS },
    signal,
  }).catch(absent)
  return answer?.rows ?? []
}

/** Returns undefined where the node does not offer the endpoint, as a CouchDB. */
function absent(error: unknown): undefined {
  if (hasStatus(error, 400, 404, 405, 501)) return undefined
  throw error
}
