import { setTimeout as sleep } from 'node:timers/promises'
import type { ReplicatedLog } from './contract.ts'

export type Settled = { readonly kind: 'appended'; readonly position: number } | { readonly kind: 'conflict' }

export interface SettleOptions {
  /** Makes an entry without changes that goes behind the one given: its acknowledgement proves that one durable. */
  readonly barrier: (before: Uint8Array) => Uint8Array
  readonly signal: AbortSignal
  /** Called with each lost answer. */
  readonly onUnknown?: (cause: Error) => void
  /** Milliseconds between two attempts. */
  readonly retryMs?: number
}

/**
 * Appends an entry, and settles lost answers: it is tried again at the same position until the engine says that it is
 * there, or that another one is. An entry of ours that is merely found counts only when a later append was acknowledged:
 * PostgreSQL shows rows whose wait for the standby was cancelled.
 *
 * @returns the last position appended, that of the barrier where one was needed
 * @throws the signal's reason, while nothing is known
 */
export async function appendSettled(
  log: ReplicatedLog,
  expected: number,
  bytes: Uint8Array,
  options: SettleOptions,
): Promise<Settled> {
  for (let wasUnknown = false; ;) {
    options.signal.throwIfAborted()
    const appended = await log.append(expected, bytes)
    if (appended.kind === 'appended') return appended
    if (appended.kind === 'conflict') {
      if (!wasUnknown) return appended
      const found = await foundAt(log, expected + 1)
      if (found !== undefined && !sameBytes(found, bytes)) return { kind: 'conflict' }
      if (found !== undefined) return await appendSettled(log, expected + 1, options.barrier(bytes), options)
    } else {
      wasUnknown = true
      options.onUnknown?.(appended.cause)
    }
    await pause(options.retryMs ?? 200, options.signal)
  }
}

/** Reads one entry; undefined where the log cannot be read now, or has none there. */
async function foundAt(log: ReplicatedLog, position: number): Promise<Uint8Array | undefined> {
  const entries = await log.read(position).catch(() => [])
  return entries.find(entry => entry.position === position)?.bytes
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0
}

/** Waits, or as long as the signal is not aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
