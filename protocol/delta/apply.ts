import { bufferOf } from '../bytes.ts'
import { HEAD_BYTES, LITERAL, mostResult, PART_BYTES, VERSION } from './format.ts'

/**
 * Makes the text that a delta describes.
 *
 * @param maxBytes longest text
 * @returns undefined for bytes that are no delta of this base, or make more than `maxBytes`
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array, maxBytes: number): Buffer | undefined {
  const bytes = bufferOf(delta)
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return undefined
  const length = bytes.readUInt32BE(1)
  if (length > Math.min(maxBytes, mostResult(base.length, delta.length))) return undefined
  const result = Buffer.allocUnsafe(length)
  let filled = 0
  for (let at = HEAD_BYTES; at < bytes.length;) {
    if (at + PART_BYTES > bytes.length) return undefined
    const [count, offset] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
    at += PART_BYTES
    const [from, begin] = offset === LITERAL ? [bytes, at] : [base, offset]
    if (count === 0 || filled + count > length || begin + count > from.length) return undefined
    result.set(from.subarray(begin, begin + count), filled)
    filled += count
    if (offset === LITERAL) at += count
  }
  return filled === length ? result : undefined
}
