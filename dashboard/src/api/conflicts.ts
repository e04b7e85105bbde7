import { resolutionTexts, stringsOf } from '../lib/merge-leaves.ts'
import { memberOf, membersOf } from '../lib/json-text.ts'
import { apiPath } from '../lib/location.ts'
import { bulkWrite } from './documents.ts'
import { ApiError, getJson, getText, hasStatus, request } from './http.ts'

export interface ConflictRow {
  readonly id: string
  readonly winner: string
  readonly conflicts: readonly string[]
  /** When the conflict came about, where the node knows. */
  readonly since?: string
}

export interface ConflictPage {
  readonly rows: readonly ConflictRow[]
  readonly total: number | undefined
  /** The first key of the next page; `undefined` on the last. */
  readonly next: string | undefined
  /** Documents that were looked at, where the node has no index of conflicts. */
  readonly scanned?: number
}

const PAGE = 50
const SCAN = 5000

/**
 * A page of the documents in conflict: from the node's index, or, where it has none, found in its changes.
 *
 * @param from an id for the index, a sequence for changes, of the page before
 */
export async function listConflicts(
  database: string,
  from: string | undefined,
  signal: AbortSignal,
): Promise<ConflictPage> {
  try {
    const { total_rows, rows } = await getJson<{ total_rows: number; rows: ConflictRow[] }>(
      `${apiPath(database)}/_conflicts`,
      {
        params: { limit: PAGE + 1, startkey: from === undefined ? undefined : JSON.stringify(from) },
        signal,
      },
    )
    return { rows: rows.slice(0, PAGE), total: total_rows, next: rows[PAGE]?.id }
  } catch (error) {
    if (!hasStatus(error, 400, 404, 405, 501)) throw error
    return scanChanges(database, from, signal)
  }
}

async function scanChanges(
  database: string,
  from: string | undefined,
  signal: AbortSignal,
): Promise<ConflictPage> {
  const { results, last_seq, pending } = await getJson<{
    results: { id: string; changes: { rev: string }[] }[]
    last_seq: string
    pending: number
  }>(`${apiPath(database)}/_changes`, {
    params: { style: 'all_docs', limit: SCAN, since: from ?? '0' },
    signal,
  })
  const branched = results.filter(({ changes }) => changes.length > 1).slice(0, PAGE * 4)
  const rows = (await inBatches(branched, 8, ({ id }) => conflictOf(database, id, signal))).filter(
    row => row !== undefined,
  )
  return { rows, total: undefined, next: pending > 0 ? last_seq : undefined, scanned: results.length }
}

/** More than one leaf is no conflict yet: deleted ones do not count. */
async function conflictOf(
  database: string,
  id: string,
  signal: AbortSignal,
): Promise<ConflictRow | undefined> {
  const text = await getText(apiPath(database, id), { params: { conflicts: true }, signal }).catch(
    (error: unknown) => {
      if (hasStatus(error, 404)) return '{}'
      throw error
    },
  )
  const conflicts = memberOf(text, '_conflicts')
  if (conflicts === undefined) return undefined
  return { id, winner: String(JSON.parse(memberOf(text, '_rev') ?? '""')), conflicts: stringsOf(conflicts) }
}

async function inBatches<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const done: R[] = []
  for (let start = 0; start < items.length; start += size) {
    done.push(...(await Promise.all(items.slice(start, start + size).map(work))))
  }
  return done
}

export interface Resolution {
  readonly database: string
  readonly id: string
  /** The merged document without `_id` and `_rev`. */
  readonly content: string
  readonly winner: string
  readonly losers: readonly string[]
}

/**
 * Resolves a conflict: in one commit where the node offers it, otherwise as a child of the winner and tombstones, the
 * content first, so that nothing is deleted before it is stored.
 *
 * @throws {ApiError} when a leaf has changed meanwhile
 */
export async function resolveConflict(resolution: Resolution): Promise<void> {
  const { database, id, content, winner, losers } = resolution
  try {
    await request('POST', `${apiPath(database)}/_conflicts/${apiPath(id)}`, {
      json: `{"body":${content},"revs":${JSON.stringify([winner, ...losers])}}`,
    })
    return
  } catch (error) {
    if (!hasStatus(error, 400, 404, 405, 415, 501)) throw error
  }
  const [merged = '', ...tombstones] = resolutionTexts(id, content, winner, losers)
  failOnError(await bulkWrite(database, [merged]))
  failOnError(await bulkWrite(database, tombstones))
}

function failOnError(results: Awaited<ReturnType<typeof bulkWrite>>): void {
  const failed = results.find(({ error }) => error !== undefined)
  if (failed !== undefined) {
    throw new ApiError(failed.error === 'conflict' ? 409 : 400, failed.error ?? '', failed.reason ?? '')
  }
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
