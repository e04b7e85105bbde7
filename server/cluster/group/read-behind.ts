import { type ClusterChange, decodeChange } from '../entry/change.ts'
import { checkFollows, type EntryCipher } from '../entry/entry.ts'
import { readIntoRun } from '../entry/run.ts'
import type { LogEntry } from '../log/contract.ts'
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
