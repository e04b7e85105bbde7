import { type ClusterChange, decodeChange } from '../entry/change.ts'
import { checkFollows, decodeHeader, type EntryCipher } from '../entry/entry.ts'
import { readIntoRun } from '../entry/run.ts'
import type { LogEntry, ReplicatedLog } from '../log/contract.ts'
import { type Place, placeBehind, withChange } from './place.ts'

/** Returns the place behind an entry, and what takes effect there. @throws {EntryError} where it does not follow */
export function readBehind(
  before: Place,
  { bytes }: LogEntry,
  cipher: EntryCipher | undefined,
): { readonly place: Place; readonly changes: ClusterChange[] } {
  const { entry, run, parts } = readIntoRun(before.run, before.epoch, bytes, cipher)
  checkFollows(entry, before)
  const changes = parts.map(decodeChange)
  return { place: changes.reduce(withChange, { ...placeBehind(before, entry, bytes), run }), changes }
}

/** Reads entries from a position on, those that are known to be durable. @throws as the log's `read` */
export async function readDurable(log: ReplicatedLog, from: number): Promise<LogEntry[]> {
  const entries = await log.read(from)
  // An entry behind another proves nothing: both may be rows that no standby has. What its writer knew does.
  const told = entries.map(({ bytes }) => decodeHeader(bytes).acknowledged)
  const proven = Math.max(log.acknowledged, ...told)
  return entries.filter(({ position }) => position <= proven)
}
