import { createHash } from 'node:crypto'

/** The version of the encoding. A node that finds a newer one stops rather than guesses. */
const VERSION = 1
const LOG_ID_BYTES = 16
const DIGEST_BYTES = 32
const HEADER_BYTES = 1 + LOG_ID_BYTES + 4 + 6 + DIGEST_BYTES + 4

/** Place of an entry in its log: entries form a chain of digests, so that a forked or exchanged log is noticed. */
export interface EntryHeader {
  /** Identity of the log, 32 hex digits: random, made once. */
  readonly logId: string
  /** Number of the leadership under which the entry was written. */
  readonly epoch: number
  readonly position: number
  /** SHA-256 of the entry before; zeros for the first. */
  readonly previous: Uint8Array
}

export interface Entry extends EntryHeader {
  /** Encoded changes, each of which takes effect in its turn. */
  readonly parts: readonly Uint8Array[]
}

export const NO_ENTRY: Uint8Array = new Uint8Array(DIGEST_BYTES)

/** An entry that this node cannot apply: the group stops with the sentence. */
export class EntryError extends Error {
  override readonly name = 'EntryError'
}

export function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/**
 * Encodes an entry: version (1 byte), log id (16), epoch (u32), position (u48), digest of the entry before (32), number of
 * parts (u32), then each part with its length (u32) before it. Numbers are big-endian.
 */
export function encodeEntry({ logId, epoch, position, previous, parts }: Entry): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = VERSION
  header.write(logId, 1, 'hex')
  header.writeUInt32BE(epoch, 17)
  header.writeUIntBE(position, 21, 6)
  header.set(previous, 27)
  header.writeUInt32BE(parts.length, 27 + DIGEST_BYTES)
  const pieces: Uint8Array[] = [header]
  for (const part of parts) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.byteLength)
    pieces.push(length, part)
  }
  return Buffer.concat(pieces)
}

/** @throws {EntryError} for another version, or bytes that are cut off or too many */
export function decodeEntry(bytes: Uint8Array): Entry {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] !== VERSION)
    throw new EntryError(
      `the log holds an entry of version ${buffer[0]}, and this node knows ${VERSION}: it needs a newer Couchette`,
    )
  if (buffer.length < HEADER_BYTES) throw new EntryError('the log holds an entry that is cut off')
  const parts: Uint8Array[] = []
  let at = HEADER_BYTES
  for (let left = buffer.readUInt32BE(27 + DIGEST_BYTES); left > 0; left--) {
    const end = at + 4 <= buffer.length ? at + 4 + buffer.readUInt32BE(at) : Infinity
    if (end > buffer.length) throw new EntryError('the log holds an entry that is cut off')
    parts.push(buffer.subarray(at + 4, end))
    at = end
  }
  if (at !== buffer.length) throw new EntryError('the log holds an entry with bytes behind its end')
  return {
    logId: buffer.toString('hex', 1, 17),
    epoch: buffer.readUInt32BE(17),
    position: buffer.readUIntBE(21, 6),
    previous: buffer.subarray(27, 27 + DIGEST_BYTES),
    parts,
  }
}

/**
 * Checks that an entry follows the one that was applied last.
 *
 * @throws {EntryError} where the log was exchanged, forked, or restored from an older copy
 */
export function checkFollows(entry: Entry, last: EntryHeader & { readonly digest: Uint8Array }): void {
  if (entry.logId !== last.logId)
    throw new EntryError(
      `the log is another one: its id is ${entry.logId}, and this node follows ${last.logId}`,
    )
  if (entry.position !== last.position + 1)
    throw new EntryError(`the log gave position ${entry.position} where ${last.position + 1} was expected`)
  if (Buffer.compare(entry.previous, last.digest) !== 0)
    throw new EntryError(
      `the log differs from what this node applied: its entry ${entry.position} does not follow our entry ${last.position}. It was forked, or restored from an older copy`,
    )
  if (entry.epoch < last.epoch)
    throw new EntryError(`entry ${entry.position} has epoch ${entry.epoch}, behind ${last.epoch}`)
}
