import type { StoreLog } from '../storage/durable/disk.ts'
import type { Store } from '../storage/store.ts'
import { StoreUnavailableError } from '../storage/unavailable.ts'

export const PUT_BACK = 'Put back what is missing, as a volume that is not mounted, or restore a backup'

/**
 * Returns the refusal of a start.
 *
 * @param sentence says what is missing
 * @param advice what else there is to do than to start with what is left
 */
export function refusal(sentence: string, advice: string): StoreUnavailableError {
  return new StoreUnavailableError(
    `${sentence} ${advice}; to start with what is left, set [couchette] on_damage = report.`,
  )
}

/** Says in the log and in `_health` that acknowledged data is missing, or may be. */
export function reportMissing({ health }: Store, log: StoreLog, sentence: string): void {
  log.error(sentence)
  health?.noteMissing(sentence)
}
