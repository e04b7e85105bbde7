/**
 * Length of the UTF-8 sequence that begins at `at` with a byte of 0x80 or more; 0 when it is not valid: overlong forms,
 * surrogates and what lies beyond U+10FFFF are refused (RFC 3629).
 */
export function sequenceLength(bytes: Uint8Array, offset: number): number {
  const lead = bytes[offset]!
  const second = bytes[offset + 1] ?? 0
  if (lead < 0xe0) return lead >= 0xc2 && isContinuation(second) ? 2 : 0
  if (!isContinuation(second) || !isContinuation(bytes[offset + 2] ?? 0)) return 0
  if (lead < 0xf0) return isThree(lead, second) ? 3 : 0
  return isFour(lead, second) && isContinuation(bytes[offset + 3] ?? 0) ? 4 : 0
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

function isThree(lead: number, second: number): boolean {
  return lead === 0xe0 ? second >= 0xa0 : lead !== 0xed || second < 0xa0
}

function isFour(lead: number, second: number): boolean {
  return lead === 0xf0 ? second >= 0x90 : lead < 0xf4 || (lead === 0xf4 && second < 0x90)
}

/** Writes a code point at `at`; returns where the next one goes. */
export function writeCodePoint(bytes: Uint8Array, offset: number, code: number): number {
  if (code < 0x80) {
    bytes[offset++] = code
  } else if (code < 0x800) {
    bytes[offset++] = 0xc0 | (code >> 6)
    bytes[offset++] = 0x80 | (code & 0x3f)
  } else if (code < 0x10000) {
    bytes[offset++] = 0xe0 | (code >> 12)
    bytes[offset++] = 0x80 | ((code >> 6) & 0x3f)
    bytes[offset++] = 0x80 | (code & 0x3f)
  } else {
    bytes[offset++] = 0xf0 | (code >> 18)
    bytes[offset++] = 0x80 | ((code >> 12) & 0x3f)
    bytes[offset++] = 0x80 | ((code >> 6) & 0x3f)
    bytes[offset++] = 0x80 | (code & 0x3f)
  }
  return offset
}
