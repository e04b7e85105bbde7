import { crc32c, maskCrc } from './crc32c.ts'

/** A record of a LevelDB log file, or a place where bytes cannot be read as one. */
export type LogItem =
  | { readonly kind: 'record'; readonly payload: Uint8Array }
  | { readonly kind: 'bad'; readonly offset: number }

const BLOCK_BYTES = 32 * 1024
const HEADER_BYTES = 7

/** Types of fragments (LevelDB: log_format.h). */
const FULL = 1
const FIRST = 2
const MIDDLE = 3
const LAST = 4

/**
 * Reads a LevelDB log file (a `*.log` or a `MANIFEST-*`) as LevelDB does (log_reader.cc), and tells of what LevelDB drops
 * without a word: after bytes that are no valid fragment the rest of their block of 32 KiB is passed over. A record that
 * the file ends within is bad, too.
 */
export function* readLogFile(bytes: Uint8Array): Generator<LogItem, void, undefined> {
  let fragments: Uint8Array[] | undefined
  let recordStart = 0
  let offset = 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  while (offset < bytes.length) {
    const blockEnd = Math.min(offset - (offset % BLOCK_BYTES) + BLOCK_BYTES, bytes.length)
    if (blockEnd - offset < HEADER_BYTES) {
      // Fewer bytes than a header fill a block up; at the end of the file they are a header that was cut off.
      if (blockEnd === bytes.length && blockEnd % BLOCK_BYTES !== 0) yield { kind: 'bad', offset }
      offset = blockEnd
      continue
    }
    const length = view.getUint16(offset + 4, true)
    const type = bytes[offset + 6]!
    const end = offset + HEADER_BYTES + length
    const isValid = end <= blockEnd && type > 0 && type <= LAST && isIntact(bytes, view, offset, end)
    const continues = type === MIDDLE || type === LAST
    if (!isValid || continues !== (fragments !== undefined)) {
      yield { kind: 'bad', offset: fragments === undefined ? offset : recordStart }
      fragments = undefined
      if (!isValid) offset = blockEnd
      else if (continues) offset = end
      continue
    }
    const payload = bytes.subarray(offset + HEADER_BYTES, end)
    if (type === FULL) yield { kind: 'record', payload }
    else if (type === FIRST) {
      fragments = [payload]
      recordStart = offset
    } else {
      fragments!.push(payload)
      if (type === LAST) {
        yield { kind: 'record', payload: Buffer.concat(fragments!) }
        fragments = undefined
      }
    }
    offset = end
  }
  if (fragments !== undefined) yield { kind: 'bad', offset: recordStart }
}

/** The checksum covers the fragment's type and its bytes. */
function isIntact(bytes: Uint8Array, view: DataView, offset: number, end: number): boolean {
  return view.getUint32(offset, true) === maskCrc(crc32c(bytes, offset + 6, end))
}
