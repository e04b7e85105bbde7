import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { Change, DatabaseInfo, PeerLocalDocument, MissingRevisions, WriteFailure } from '../peer.ts'

/**
 * Shapes of peers' JSON. Each function returns the checked answer, undefined if it has another shape: a
 * peer may send anything.
 */
export type Shape<T> = (value: unknown) => T | undefined

type Members = Readonly<Record<string, unknown>>

const MAX_SEQ_LENGTH = 64 * 1024
const MAX_ANCESTORS = 1000
const REVISION = /^\d{1,15}-[^\s"\\]{1,128}$/

/** Any object. */
export const anObject: Shape<Members> = value => (isObject(value) ? value : undefined)

/** Any value: an answer whose status says it all. */
export const anything: Shape<{ readonly value: unknown }> = value => ({ value })

export const databaseInfo: Shape<DatabaseInfo> = value => {
  if (!isObject(value) || !('update_seq' in value || 'db_name' in value)) return undefined
  return {
    updateSeq: isSeq(value.update_seq) ? value.update_seq : 0,
    instanceStartTime: textOf(value.instance_start_time),
    documents: countOf(value.doc_count),
    deletedDocuments: countOf(value.doc_del_count),
    isMasked: value.masked === true,
  }
}

/** Returns the number of following changes; of a filtered feed, 0 or 1. */
export const pendingChanges: Shape<{ readonly pending: number | null; readonly rows: number }> = value => {
  if (!isObject(value) || !Array.isArray(value.results)) return undefined
  const { pending, results } = value
  return { pending: typeof pending === 'number' && pending >= 0 ? pending : null, rows: results.length }
}

/** Ignores revisions that were not offered: a target cannot make a job fetch more than it is for. */
export function missingRevisions(asked: ReadonlyMap<string, readonly string[]>): Shape<MissingRevisions[]> {
  return value => {
    if (!isObject(value)) return undefined
    const found: MissingRevisions[] = []
    for (const [id, entry] of Object.entries(value)) {
      if (!isObject(entry)) return undefined
      const { missing = [], possible_ancestors: ancestors = [] } = entry
      if (!Array.isArray(missing) || !Array.isArray(ancestors)) return undefined
      const offered = new Set(asked.get(id))
      const revs = missing.filter((rev): rev is string => typeof rev === 'string' && offered.has(rev))
      if (revs.length === 0) continue
      found.push({ id, revs, possibleAncestors: ancestors.slice(0, MAX_ANCESTORS).filter(isRevision) })
    }
    return found
  }
}

/** The documents that `_bulk_docs` did not take. */
export function writeFailures(sent: number, words: (text: string) => string): Shape<WriteFailure[]> {
  return value => {
    if (!Array.isArray(value) || !value.every(isObject)) return undefined
    const failures = value.filter(row => 'error' in row).map(row => failureOf(row, words))
    return failures.length > sent ? undefined : failures
  }
}

function failureOf(
  { id, rev, error, reason, status }: Members,
  words: (text: string) => string,
): WriteFailure {
  const name = typeof error === 'string' ? error : JSON.stringify(error)
  const answered = typeof status === 'number' ? status : (STATUS_OF[name] ?? 0)
  const said = typeof reason === 'string' ? reason : JSON.stringify(reason ?? '')
  return { id: textOf(id), rev: textOf(rev), status: answered, error: words(name), reason: words(said) }
}

const STATUS_OF: Readonly<Record<string, number>> = {
  forbidden: 403,
  unauthorized: 401,
  conflict: 409,
  too_large: 413,
}

export const localDocument: Shape<PeerLocalDocument> = value =>
  isObject(value) ? { rev: textOf(value._rev), body: value } : undefined

export const newRevision: Shape<string> = value =>
  isObject(value) && typeof value.rev === 'string' ? value.rev : undefined

export const instanceStartTime: Shape<string> = value =>
  isObject(value) ? textOf(value.instance_start_time) : undefined

/** A row of a changes feed. */
export const change: Shape<Change> = value => {
  if (!isObject(value)) return undefined
  const { seq, id, changes } = value
  if (typeof id !== 'string' || !isSeq(seq) || !Array.isArray(changes)) return undefined
  const revs: string[] = []
  for (const entry of changes) {
    const rev: unknown = isObject(entry) ? entry.rev : undefined
    if (typeof rev !== 'string') return undefined
    revs.push(rev)
  }
  return { seq, id, revs }
}

/** Text or a number; older servers have lists of them. */
export function isSeq(value: unknown): value is SourceSeq {
  if (typeof value === 'string') return value.length <= MAX_SEQ_LENGTH
  if (typeof value === 'number') return true
  return (
    Array.isArray(value) && value.length < 1000 && value.every(part => !Array.isArray(part) && isSeq(part))
  )
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRevision(value: unknown): value is string {
  return typeof value === 'string' && REVISION.test(value)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
