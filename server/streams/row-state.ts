import { createHash } from 'node:crypto'
import type { DocId } from '../../protocol/document-id.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import type { LogPosition } from '../../protocol/streams/event-source.ts'

/** A version of a row that was sent to its database and has not come back yet. */
export interface SentVersion {
  readonly rev: Rev
  /** `contentDigest` of its members; `DELETED` of a tombstone. */
  readonly digest: string
}

/** The memory of one row of one source: the last version that came from there. */
export interface RowState {
  /** The revision that holds it; undefined if the source has sent nothing of the row yet. */
  readonly rev?: Rev
  readonly digest?: string
  readonly position?: LogPosition
  /** Oldest first. */
  readonly sent?: readonly SentVersion[]
}

/** The digest of a row that is deleted. */
export const DELETED = 'deleted'

/** Versions of one row that are remembered as sent: a database that shows none of them back is not listened to. */
const MAX_SENT = 50

/** Returns the id of the `_local` document of a row's state. Sources have long names, which would be repeated in each. */
export function stateId(source: string, id: DocId): DocId {
  return `${statePrefix(source)}${id}` as DocId
}

export function statePrefix(source: string): string {
  return `_local/stream-row:${createHash('sha256').update(source).digest('base64url').slice(0, 12)}:`
}

export function encodeState(state: RowState): Buffer {
  const { sent = [], ...rest } = state
  return Buffer.from(
    JSON.stringify({ ...rest, ...(sent.length === 0 ? {} : { sent: sent.slice(-MAX_SENT) }) }),
  )
}

/** Members of a database can write `_local` documents too: what is no state is ignored. */
export function decodeState(json: Uint8Array | undefined): RowState {
  if (json === undefined) return {}
  try {
    const { rev, digest, position, sent } = JSON.parse(Buffer.from(json).toString()) as Record<
      string,
      unknown
    >
    return {
      ...(typeof digest === 'string' && typeof rev === 'string' ? { rev: parseRev(rev), digest } : {}),
      ...(isTexts(position) ? { position } : {}),
      sent: Array.isArray(sent) ? sent.filter(isSent) : [],
    }
  } catch {
    return {}
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(part => typeof part === 'string')
}

function isSent(value: unknown): value is SentVersion {
  const { rev, digest } = (value ?? {}) as Record<string, unknown>
  return typeof rev === 'string' && /^\d+-\w+$/.test(rev) && typeof digest === 'string'
}
