/** The little of ASN.1's DER that a certificate needs (X.690). */
export const der = {
  sequence: (...parts: readonly Uint8Array[]) => element(0x30, ...parts),
  set: (...parts: readonly Uint8Array[]) => element(0x31, ...parts),
  /** A positive number from its big-endian bytes. */
  integer: (bytes: Uint8Array) =>
    element(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0), bytes),
  bitString: (bytes: Uint8Array) => element(0x03, Buffer.from([0]), bytes),
  octetString: (bytes: Uint8Array) => element(0x04, bytes),
  boolean: (value: boolean) => element(0x01, Buffer.from([value ? 0xff : 0])),
  utf8: (text: string) => element(0x0c, Buffer.from(text)),
  oid: (dotted: string) => element(0x06, encodeOid(dotted)),
  /** A moment after 2049 does not fit; certificates made here are over long before. */
  utcTime: (date: Date) =>
    element(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`)),
  /** A member with a number of its own; `constructed` where it holds other elements. */
  context: (number: number, bytes: Uint8Array, { constructed = true } = {}) =>
    element((constructed ? 0xa0 : 0x80) | number, bytes),
}

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content])
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

function encodeOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return Buffer.from([first * 40 + second, ...rest.flatMap(base128)])
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}
