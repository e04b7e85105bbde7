import { fail } from '../../../protocol/errors.ts'
import { type ClusterChange, encodeChange } from '../entry/change.ts'
import { encodeEntry, encodeParts, type EntryCipher, type EntryRole } from '../entry/entry.ts'
import { cutPayload } from '../entry/run.ts'
import type { ReplicatedLog } from '../log/contract.ts'
import { appendSettled } from '../log/settle.ts'
import { type Place, placeBehind, withChange } from './place.ts'

export interface AppendParts {
  readonly log: ReplicatedLog
  /** Encrypts entries, where what is stored is encrypted. */
  readonly cipher?: EntryCipher | undefined
  /** Ends attempts to append. */
  readonly signal: AbortSignal
  /** Milliseconds after which an append without an answer costs the leadership. Default: never. */
  readonly appendTimeoutMs?: () => number
}

/**
 * Appends changes behind a place: an entry, or a run of them where the engine takes no entry of that size.
 *
 * @returns the place behind them; undefined where the log has another entry there
 * @throws `logUnavailable` where the log does not answer in time; whatever comes later is not heeded
 */
export async function appendBehind(
  parts: AppendParts,
  changes: readonly ClusterChange[],
  from: Place,
  epoch: number,
): Promise<Place | undefined> {
  const payload = encodeParts(changes.map(encodeChange))
  const pieces = cutPayload(payload, parts.log.maxEntryBytes, parts.cipher)
  let place = from
  for (const [index, piece] of pieces.entries()) {
    const role = index === pieces.length - 1 ? 'whole' : 'piece'
    const behind = await appendEntry(parts, place, { epoch, role, payload: piece })
    if (behind === undefined) return undefined
    place = behind
  }
  return changes.reduce(withChange, place)
}

interface NewEntry {
  readonly epoch: number
  readonly role: EntryRole
  readonly payload: Uint8Array
}

/** Appends an entry, with a barrier behind it where its answer was lost. */
async function appendEntry(parts: AppendParts, from: Place, entry: NewEntry): Promise<Place | undefined> {
  let place = from
  const encodeNext = (next: NewEntry): Uint8Array => {
    const header = { logId: from.logId, position: place.position + 1, previous: place.digest }
    const { acknowledged } = parts.log
    const bytes = encodeEntry({ ...header, acknowledged, ...next }, parts.cipher)
    place = placeBehind(place, { ...header, epoch: next.epoch }, bytes)
    return bytes
  }
  const bytes = encodeNext(entry)
  const barrier = (): Uint8Array =>
    encodeNext({ epoch: entry.epoch, role: 'barrier', payload: new Uint8Array(0) })
  const settled = await inTime(parts, signal =>
    appendSettled(parts.log, from.position, bytes, { barrier, signal }),
  )
  return settled.kind === 'conflict' ? undefined : place
}

async function inTime<T>(
  { appendTimeoutMs, signal }: AppendParts,
  append: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = appendTimeoutMs?.()
  if (timeout === undefined) return append(signal)
  const late = new AbortController()
  const ended = new Promise<never>((_, reject) => {
    late.signal.addEventListener('abort', () => reject(late.signal.reason as Error), { once: true })
  })
  const end = (): void => late.abort(signal.reason)
  signal.addEventListener('abort', end)
  const timer = setTimeout(() => late.abort(fail('logUnavailable')), timeout)
  const appending = append(late.signal)
  try {
    return await Promise.race([appending, ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    appending.catch(() => undefined)
  }
}
