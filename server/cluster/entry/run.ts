import { decodeEntry, decodeParts, type Entry, type EntryCipher, HEADER_BYTES } from './entry.ts'

/** The smallest piece that a payload is cut into: an engine that takes less than this is of no use. */
const MIN_PIECE_BYTES = 256

/**
 * Cuts a payload into pieces that an engine takes, each for an entry of its own: one, also of nothing, where it is small.
 *
 * @param maxEntryBytes of the engine
 */
export function cutPayload(
  payload: Uint8Array,
  maxEntryBytes: number,
  cipher: EntryCipher | undefined,
): Uint8Array[] {
  const size = Math.max(MIN_PIECE_BYTES, maxEntryBytes - HEADER_BYTES - (cipher?.overhead ?? 0))
  const pieces: Uint8Array[] = []
  for (let at = 0; at === 0 || at < payload.length; at += size) pieces.push(payload.subarray(at, at + size))
  return pieces
}

/** Pieces of a run that has not ended, in the order of their entries. */
export type OpenRun = readonly Uint8Array[]

/** Result of taking an entry into a run. */
export interface RunStep {
  readonly run: OpenRun
  /** Changes that take effect with this entry: of all the run, where it ends here. */
  readonly parts: readonly Uint8Array[]
}

/**
 * Takes the next entry of a log into a run. A new epoch voids what an earlier leader did not bring to its end.
 *
 * @param epoch of the entry before
 * @throws {EntryError}
 */
export function takeIntoRun(run: OpenRun, epoch: number, entry: Entry): RunStep {
  const before = entry.epoch === epoch ? run : []
  switch (entry.role) {
    case 'barrier':
      return { run: before, parts: [] }
    case 'piece':
      return { run: [...before, entry.payload], parts: [] }
    case 'whole':
      return {
        run: [],
        parts: decodeParts(before.length === 0 ? entry.payload : Buffer.concat([...before, entry.payload])),
      }
  }
}

/** Decodes an entry and takes it into a run. @throws {EntryError} */
export function readIntoRun(
  run: OpenRun,
  epoch: number,
  bytes: Uint8Array,
  cipher: EntryCipher | undefined,
): RunStep & { readonly entry: Entry } {
  const entry = decodeEntry(bytes, cipher)
  return { ...takeIntoRun(run, epoch, entry), entry }
}
