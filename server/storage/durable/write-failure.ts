import { type CouchError, fail } from '../../../protocol/errors.ts'
import type { StoreHealth } from './store-health.ts'

/** Texts of a full disk in messages of LevelDB, by operating system, and Node's codes for it. */
const NO_ROOM = /No space left on device|Disk quota exceeded|not enough space|\bENOSPC\b|\bEDQUOT\b/i

/** Returns true if an error, or one that it wraps, comes from a full disk or an exceeded quota. */
export function isDiskFullError(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (NO_ROOM.test(cause.message)) return true
  return false
}

/** Node's message for a call that writes or syncs a file; one that reads is no failed write. */
const FAILED_WRITE = /\b(?:EIO|EROFS)\b.*, (?!read)\w+/

/** Returns true if an error, or one that it wraps, comes from a file that the disk does not write or sync. */
export function isFailedWrite(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (FAILED_WRITE.test(cause.message)) return true
  return false
}

/** The error of a store that does not take writes, as clients see it. */
export function refusalOf(health: StoreHealth): CouchError {
  if (health.state === 'stopped') return fail('storeStopped', health.reason)
  return fail(health.isDiskFull ? 'diskFull' : 'writesRefused')
}

/** The innermost message of an error, which names file and cause. */
export function causeOf(error: unknown): string {
  let message = String(error)
  for (let cause = error; cause instanceof Error; cause = cause.cause) message = cause.message
  return message
}
