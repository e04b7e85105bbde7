/** Returns the same memory as a `Buffer`, which has more methods. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Returns a part of some memory, not copied: as `subarray` does, in half the time. */
export function partOf(bytes: Uint8Array, from: number, to = bytes.length): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from)
}

/** Reads an unsigned integer, big-endian, of up to six bytes; bytes beyond the end count as 0. */
export function uintAt(bytes: Uint8Array, from: number, length: number): number {
  let value = 0
  for (let offset = from; offset < from + length; offset++) value = value * 256 + (bytes[offset] ?? 0)
  return value
}
