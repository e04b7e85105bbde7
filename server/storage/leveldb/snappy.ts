import { ByteReader } from './byte-reader.ts'

/** Kinds of elements, by the two lowest bits of their tags. */
const LITERAL = 0
const COPY_SHORT = 1
const COPY_LONG = 2

/** Literals from this length code on have their length in the bytes that follow. */
const LONG_LITERAL = 60

/**
 * Decompresses a block that LevelDB has compressed with Snappy (format_description.txt of google/snappy).
 *
 * @throws {RangeError} where it is not one
 */
export function uncompressed(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes)
  const length = reader.varint()
  if (length > MAX_LENGTH) throw new RangeError('the block is too long')
  const out = new Uint8Array(length)
  let end = 0
  while (!reader.atEnd) {
    const tag = reader.byte()
    const code = tag >> 2
    if ((tag & 3) === LITERAL) {
      const literal = reader.take(1 + (code < LONG_LITERAL ? code : reader.little(code - LONG_LITERAL + 1)))
      out.set(literal, end)
      end += literal.length
    } else {
      const { size, offset } = copyOf(tag, code, reader)
      if (offset === 0 || offset > end || end + size > length) throw new RangeError('a copy lies outside')
      // What is copied may reach into what it makes.
      for (const last = end + size; end < last; end++) out[end] = out[end - offset]!
    }
  }
  if (end !== length) throw new RangeError('the block ends too early')
  return out
}

function copyOf(tag: number, code: number, reader: ByteReader): { size: number; offset: number } {
  const kind = tag & 3
  if (kind === COPY_SHORT) return { size: 4 + (code & 7), offset: ((code >> 3) << 8) | reader.byte() }
  return { size: 1 + code, offset: reader.little(kind === COPY_LONG ? 2 : 4) }
}

/** An index of a table has some bytes for each of its blocks. */
const MAX_LENGTH = 256 * 1024 * 1024
