import { createHash } from 'node:crypto'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import {
  type EventSource,
  isAtOrBefore,
  isSamePosition,
  type LogPosition,
} from '../../protocol/streams/event-source.ts'

/** A version of a row that was sent to its database and has not come back yet. */
export interface SentVersion {
  readonly rev: Rev
  /** `contentDigest` of its members; `DELETED` of a tombstone. */
  readonly digest: string
}

/** An event of a row that was taken in: its place in the log, the digest of what it made of the row, its time of commit. */
export interface SeenEvent {
  readonly position?: LogPosition
  readonly digest?: string
  readonly time?: number
}

/** The memory of one row of one source: the last version that came from there. */
export interface RowState extends SeenEvent {
  /** The revision that holds it; undefined if the source has sent nothing of the row yet. */
  readonly rev?: Rev
  /** The events before the last one, newest first. */
  readonly earlier?: readonly SeenEvent[]
  /** Oldest first. */
  readonly sent?: readonly SentVersion[]
}

/** The digest of a row that is deleted. */
export const DELETED = 'deleted'

/** Versions of one row that are remembered as sent: a database that shows none of them back is not listened to. */
const MAX_SENT = 50

/** Events of one row that are remembered besides the last one. */
const MAX_EARLIER = 7

/** Returns the id of the `_local` document of a row's state. Sources have long names, which would be repeated in each. */
export function stateId(source: string, id: DocId): DocId {
  return asDocId(`${statePrefix(source)}${id}`)
}

/** Prefixes of the sources that were asked for last. */
const prefixes = new Map<string, string>()
const MAX_PREFIXES = 1000

export function statePrefix(source: string): string {
  let prefix = prefixes.get(source)
  if (prefix === undefined) {
    prefix = `_local/stream-row:${createHash('sha256').update(source).digest('base64url').slice(0, 12)}:`
    if (prefixes.size >= MAX_PREFIXES) prefixes.clear()
    prefixes.set(source, prefix)
  }
  return prefix
}

/**
 * Returns whether an event of a row was taken in before. One at a place behind that of the row's last event was, unless it was
 * committed later: then the database was set back, or a long transaction ended. Snapshots have every row again, at a place
 * that may be before that of the row's last change.
 *
 * @param digest computes the digest of what the event makes of the row
 */
export function isRepeated(
  state: RowState,
  { position, time, isSnapshot }: Pick<EventSource, 'position' | 'time' | 'isSnapshot'>,
  digest: () => string | undefined,
): boolean {
  if (isSnapshot || position === undefined || state.position === undefined) return false
  if (!isAtOrBefore(position, state.position)) return false
  const { earlier = [] } = state
  const seen = [state, ...earlier].find(
    one => one.position !== undefined && isSamePosition(one.position, position),
  )
  if (seen !== undefined) return (time !== undefined && seen.time === time) || seen.digest === digest()
  if (time !== undefined && state.time !== undefined) return time <= state.time
  const oldest = earlier.at(-1)?.position
  return oldest === undefined || isAtOrBefore(position, oldest)
}

/** Returns the memory of the events before one that follows a state. */
export function earlierEvents({ position, digest, time, earlier = [] }: RowState): readonly SeenEvent[] {
  if (position === undefined || digest === undefined) return earlier
  const last = { position, digest, ...(time === undefined ? {} : { time }) }
  return [last, ...earlier].slice(0, MAX_EARLIER)
}

export function encodeState({ rev, digest, position, time, sent = [], earlier = [] }: RowState): Buffer {
  // One is written for each event.
  let text = ''
  if (rev !== undefined) text += `,"rev":${JSON.stringify(rev)}`
  if (digest !== undefined) text += `,"digest":${JSON.stringify(digest)}`
  if (position !== undefined) text += `,"position":${JSON.stringify(position)}`
  if (time !== undefined) text += `,"time":${time}`
  if (earlier.length > 0) text += `,"earlier":${JSON.stringify(earlier.map(seenText))}`
  if (sent.length > 0) text += `,"sent":${JSON.stringify(sent.slice(-MAX_SENT))}`
  return Buffer.from(`{${text.slice(1)}}`)
}

function seenText({ position, digest, time }: SeenEvent): unknown[] {
  return [position, digest, time]
}

/** Members of a database can write `_local` documents too: what is no state is ignored. */
export function decodeState(json: Uint8Array | undefined): RowState {
  if (json === undefined) return {}
  try {
    const members = JSON.parse(Buffer.from(json).toString()) as Record<string, unknown>
    const { rev, digest, position, time, earlier, sent } = members
    return {
      ...(typeof digest === 'string' && typeof rev === 'string' ? { rev: parseRev(rev), digest } : {}),
      ...(isTexts(position) ? { position } : {}),
      ...(typeof time === 'number' ? { time } : {}),
      ...(Array.isArray(earlier) ? { earlier: earlier.flatMap(seenEvent) } : {}),
      sent: Array.isArray(sent) ? sent.filter(isSent) : [],
    }
  } catch {
    return {}
  }
}

function seenEvent(value: unknown): SeenEvent[] {
  const [position, digest, time] = Array.isArray(value) ? (value as unknown[]) : []
  if (!isTexts(position) || typeof digest !== 'string') return []
  return [{ position, digest, ...(typeof time === 'number' ? { time } : {}) }]
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(part => typeof part === 'string')
}

function isSent(value: unknown): value is SentVersion {
  const { rev, digest } = (value ?? {}) as Record<string, unknown>
  return typeof rev === 'string' && /^\d+-\w+$/.test(rev) && typeof digest === 'string'
}
