import { partOf } from '../../../protocol/bytes.ts'
import { ByteWriter } from '../../../protocol/json/byte-writer.ts'
import { crc32Of } from './crc32.ts'
import { DamagedValueError } from '../encryption/damaged.ts'
import { describeKey, isKeyBound } from './checked-keys.ts'

/** Bytes behind each value: its CRC-32, big-endian. */
const CHECKSUM_BYTES = 4

/** Values are copied when a batch takes them in, so that many share one piece of memory. */
const memory = new ByteWriter(64 * 1024)

/** The value with its checksum behind it. */
export function withChecksum(key: Uint8Array, value: Uint8Array): Uint8Array {
  const { length } = value
  const checksum = crc32Of(value, length, isKeyBound(key) ? seedOf(key) : 0)
  memory.reserve(length + CHECKSUM_BYTES)
  memory.append(value)
  const { bytes } = memory
  let end = memory.length
  bytes[end++] = checksum >>> 24
  bytes[end++] = checksum >>> 16
  bytes[end++] = checksum >>> 8
  bytes[end++] = checksum
  memory.length = end
  return memory.take()
}

/** Returns the value without its checksum. Parameter and errors as of {@link verifyChecksum}. */
export function withoutChecksum(key: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  verifyChecksum(key, bytes)
  return cutChecksum(bytes)
}

/** Returns a value that was read with its checksum without it. */
export function cutChecksum(bytes: Uint8Array): Uint8Array {
  return partOf(bytes, 0, bytes.length - CHECKSUM_BYTES)
}

/**
 * Verifies the checksum behind a value.
 *
 * @param key undefined for a value whose checksum does not depend on its key
 * @throws {DamagedValueError} where value, key or checksum are not what was written
 */
export function verifyChecksum(key: Uint8Array | undefined, bytes: Uint8Array): void {
  const length = bytes.length - CHECKSUM_BYTES
  const checksum =
    ((bytes[length]! << 24) | (bytes[length + 1]! << 16) | (bytes[length + 2]! << 8) | bytes[length + 3]!) >>>
    0
  const seed = key !== undefined && isKeyBound(key) ? seedOf(key) : 0
  if (length < 0 || crc32Of(bytes, length, seed) !== checksum)
    throw new DamagedValueError(key === undefined ? 'A record of a range' : describeKey(key))
}

/**
 * A number that a checksum begins with, so that a value under another key than its own is seen. Values of the same bytes
 * have different checksums where these differ.
 */
function seedOf(key: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key[index]!, 0x01000193)
  return hash >>> 0
}
