import { parseSeq } from '../../protocol/sequence.ts'
import type { DatabaseRecord } from './database-record.ts'

/**
 * The number of a sequence that this database gave out, or that the one gave out which a backup was taken of. Of what that
 * one gave out after the backup, readers have seen changes that are not here: they go on from the backup, so that nothing
 * new is passed over.
 *
 * @param current the database's newest number
 * @returns undefined for a sequence of another database, or of this one's future
 * @throws `bad_request` for what is no sequence
 */
export function ownSequenceNumber(
  { instance, earlier = [] }: Pick<DatabaseRecord, 'instance' | 'earlier'>,
  seq: string | number,
  current: number,
): number | undefined {
  const { number, suffix } = parseSeq(seq, instance)
  if (suffix === undefined) return number
  if (suffix === instance) return number <= current ? number : undefined
  const restored = earlier.find(one => one.instance === suffix)
  return restored === undefined ? undefined : Math.min(number, restored.until)
}
