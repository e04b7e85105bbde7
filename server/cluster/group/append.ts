import { fail } from '../../../protocol/errors.ts'
import { type ClusterChange, encodeChange } from '../entry/change.ts'
import { encodeEntry } from '../entry/entry.ts'
import type { ReplicatedLog } from '../log/contract.ts'
import { appendSettled } from '../log/settle.ts'
import { type Place, placeBehind, withChange } from './place.ts'

export interface AppendParts {
  readonly log: ReplicatedLog
  /** Ends attempts to append. */
  readonly signal: AbortSignal
  /** Milliseconds after which an append without an answer costs the leadership. Default: never. */
  readonly appendTimeoutMs?: () => number
}

/**
 * Appends an entry behind a place.
 *
 * @returns the place behind it; undefined where the log has another entry there
 * @throws `logUnavailable` where the log does not answer in time; whatever comes later is not heeded
 */
export async function appendBehind(
  parts: AppendParts,
  changes: readonly ClusterChange[],
  from: Place,
  epoch: number,
): Promise<Place | undefined> {
  const { logId } = from
  const header = { logId, epoch, position: from.position + 1, previous: from.digest }
  const bytes = encodeEntry({ ...header, parts: changes.map(encodeChange) })
  let place = changes.reduce(withChange, placeBehind(from, header, bytes))
  const barrier = (): Uint8Array => {
    const next = { logId, epoch, position: place.position + 1, previous: place.digest }
    const empty = encodeEntry({ ...next, parts: [] })
    place = placeBehind(place, next, empty)
    return empty
  }
  const settled = await inTime(parts, signal =>
    appendSettled(parts.log, header.position - 1, bytes, { barrier, signal }),
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
