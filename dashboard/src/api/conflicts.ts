import { membersOf } from '../lib/json-text.ts'
import { apiPath } from '../lib/location.ts'
import { getJson, getText, hasStatus, request } from './http.ts'

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

/** Design documents with policies, and what these did, where the node has them. */
export async function conflictLog(database: string, signal: AbortSignal): Promise<string[] | undefined> {
  try {
    const text = await getText(`${apiPath(database)}/_conflicts/log`, { params: { limit: 50 }, signal })
    const rows = membersOf(text).find(({ name }) => name === 'rows' || name === 'results')
    return rows === undefined
      ? undefined
      : (JSON.parse(rows.text) as unknown[]).map(row => JSON.stringify(row))
  } catch (error) {
    if (hasStatus(error, 400, 404, 405, 501)) return undefined
    throw error
  }
}
