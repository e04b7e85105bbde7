import { createHash } from 'node:crypto'

/** The version of the encoding. A node that finds a newer one stops rather than guesses. */
const VERSION = 1
const LOG_ID_BYTES = 16
const DIGEST_BYTES = 32
const EPOCH_AT = 2 + LOG_ID_BYTES
const POSITION_AT = EPOCH_AT + 4
const ACKNOWLEDGED_AT = POSITION_AT + 6
const PREVIOUS_AT = ACKNOWLEDGED_AT + 6
/** Bytes of an entry before its payload. */
export const HEADER_BYTES: number = PREVIOUS_AT + DIGEST_BYTES

/** Flags of an entry. Others are of a newer version. */
const CONTINUED = 1
const BARRIER = 2
const ENCRYPTED = 4

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
  /** Highest position that was acknowledged, as far as the writer knew: what is read up to there is durable. */
  readonly acknowledged: number
  /**
   * Role of the entry in a run, which is what the engine's limit made of one append: a `piece` is continued, a `whole` entry
   * ends a run, most often one of itself alone, and a `barrier` carries nothing and stands anywhere.
   */
  readonly role: EntryRole
  readonly payload: Uint8Array
}

/** Encrypts the payloads of entries. */
export interface EntryCipher {
  /** Bytes that a payload grows by. */
  readonly overhead: number
  seal(header: Uint8Array, payload: Uint8Array): Uint8Array
  /** @throws {EntryError} where it was sealed under another key, or changed since */
  open(header: Uint8Array, sealed: Uint8Array): Uint8Array
}

export type EntryRole = 'piece' | 'whole' | 'barrier'

export const NO_ENTRY: Uint8Array = new Uint8Array(DIGEST_BYTES)

/** An entry that this node cannot apply: the group stops with the sentence. */
export class EntryError extends Error {
  override readonly name = 'EntryError'
}

export function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/**
 * Encodes an entry: version and flags (1 byte each), log id (16), epoch (u32), position and acknowledged position (u48 each),
 * digest of the entry before (32), then the payload. Numbers are big-endian.
 *
 * @param cipher encrypts the payload, bound to all that stands before it
 */
export function encodeEntry(entry: Entry, cipher?: EntryCipher): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = VERSION
  header[1] = (entry.role === 'piece' ? CONTINUED : 0) | (entry.role === 'barrier' ? BARRIER : 0)
  if (cipher !== undefined) header[1] |= ENCRYPTED
  header.write(entry.logId, 2, 'hex')
  header.writeUInt32BE(entry.epoch, EPOCH_AT)
  header.writeUIntBE(entry.position, POSITION_AT, 6)
  header.writeUIntBE(entry.acknowledged, ACKNOWLEDGED_AT, 6)
  header.set(entry.previous, PREVIOUS_AT)
  return Buffer.concat([header, cipher === undefined ? entry.payload : cipher.seal(header, entry.payload)])
}

/**
 * Decodes an entry.
 *
 * @param cipher decrypts the payload; where there is one, no entry may be clear
 * @throws {EntryError} for another version, for bytes that are cut off, and where the payload cannot be decrypted
 */
export function decodeEntry(bytes: Uint8Array, cipher?: EntryCipher): Entry {
  const entry = decodeHeader(bytes)
  const isEncrypted = (bytes[1]! & ENCRYPTED) !== 0
  if (isEncrypted && cipher === undefined)
    throw new EntryError('the log is encrypted, and this node has no master key')
  if (!isEncrypted && cipher !== undefined)
    throw new EntryError('the log holds an entry that is not encrypted, and this node has a master key')
  if (cipher === undefined) return entry
  return { ...entry, payload: cipher.open(bytes.subarray(0, HEADER_BYTES), entry.payload) }
}

/** Decodes an entry without decrypting its payload. @throws as {@link decodeEntry} */
export function decodeHeader(bytes: Uint8Array): Entry {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = buffer[1] ?? 0
  if (buffer[0] !== VERSION || flags > (CONTINUED | BARRIER | ENCRYPTED))
    throw new EntryError(
      `the log holds an entry of version ${buffer[0]} (${flags}), and this node knows ${VERSION}: it needs a newer Couchette`,
    )
  if (buffer.length < HEADER_BYTES) throw new EntryError('the log holds an entry that is cut off')
  return {
    logId: buffer.toString('hex', 2, EPOCH_AT),
    epoch: buffer.readUInt32BE(EPOCH_AT),
    position: buffer.readUIntBE(POSITION_AT, 6),
    acknowledged: buffer.readUIntBE(ACKNOWLEDGED_AT, 6),
    previous: buffer.subarray(PREVIOUS_AT, HEADER_BYTES),
    role: (flags & BARRIER) !== 0 ? 'barrier' : (flags & CONTINUED) !== 0 ? 'piece' : 'whole',
    payload: buffer.subarray(HEADER_BYTES),
  }
}

/** Encodes changes as a payload: each with its length (u32, big-endian) before it. */
export function encodeParts(parts: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const part of parts) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.byteLength)
    pieces.push(length, part)
  }
  return Buffer.concat(pieces)
}

/** @throws {EntryError} for bytes that are cut off */
export function decodeParts(payload: Uint8Array): Uint8Array[] {
  const buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const parts: Uint8Array[] = []
  for (let at = 0; at < buffer.length;) {
    const end = at + 4 <= buffer.length ? at + 4 + buffer.readUInt32BE(at) : Infinity
    if (end > buffer.length) throw new EntryError('the log holds an entry that is cut off')
    parts.push(buffer.subarray(at + 4, end))
    at = end
  }
  return parts
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
