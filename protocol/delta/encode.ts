import { bufferOf } from '../bytes.ts'
import { BlockIndex, BLOCK_BYTES, rollingHash, hashAt } from './block-index.ts'
import { commonEnd, commonStart } from './common-bytes.ts'
import { HEAD_BYTES, LITERAL, mostResult, PART_BYTES, VERSION } from './format.ts'

/** New bytes beyond those that are copied, after which texts count as different: comparing the rest would cost time for nothing. */
const MOST_NEW_BYTES = 64 * 1024

/**
 * Describes a text by what it has in common with another one, its base. The time that it takes grows with both lengths, whatever
 * they hold: each place of the text is compared with at most two places of the base.
 *
 * @param maxBytes longest delta
 * @returns undefined where the delta would be longer, or the texts have little in common
 */
export function encodeDelta(base: Uint8Array, text: Uint8Array, maxBytes: number): Buffer | undefined {
  const [from, to] = [bufferOf(base), bufferOf(text)]
  if (from.length === 0) return undefined
  const start = commonStart(from, 0, to, 0)
  const end = commonEnd(from, from.length, to, to.length, Math.min(from.length, to.length) - start)
  const writer = new DeltaWriter(to, maxBytes)
  writer.copy(0, start)
  writer.expect(end)
  const isWritten = writeMiddle(
    writer,
    { bytes: from, begin: start, end: from.length - end },
    { bytes: to, begin: start, end: to.length - end },
  )
  if (!isWritten) return undefined
  writer.copy(from.length - end, end)
  const delta = writer.take()
  return delta === undefined || to.length > mostResult(from.length, delta.length) ? undefined : delta
}

interface Range {
  readonly bytes: Buffer
  readonly begin: number
  readonly end: number
}

/** @returns false as soon as the delta is too long */
function writeMiddle(writer: DeltaWriter, base: Range, text: Range): boolean {
  const last = text.end - BLOCK_BYTES
  const index = new BlockIndex(base.bytes, base.begin, text.begin <= last ? base.end : base.begin)
  let written = text.begin
  // Where the base goes on after what was copied last: a value that was replaced by one of the same length ends there.
  let beside = base.begin - text.begin
  let hash = text.begin <= last ? hashAt(text.bytes, text.begin) : 0
  for (let at = text.begin; at <= last;) {
    const found = index.find(text.bytes, at, hash, at + beside)
    if (found === -1) {
      if (at - written > writer.room) return false
      if (++at <= last) hash = rollingHash(hash, text.bytes, at)
      continue
    }
    const before = commonEnd(base.bytes, found, text.bytes, at, Math.min(at - written, found))
    const length = before + commonStart(base.bytes, found, text.bytes, at)
    writer.literal(written, at - before)
    writer.copy(found - before, length)
    at += length - before
    written = at
    beside = found + length - before - at
    if (at <= last) hash = hashAt(text.bytes, at)
  }
  // What follows the middle may have been copied with it.
  writer.literal(written, Math.max(written, text.end))
  writer.skip(Math.max(0, written - text.end))
  return writer.room >= 0
}

/** Gathers the parts of a delta. */
class DeltaWriter {
  readonly #text: Buffer
  readonly #pieces: Buffer[] = []
  readonly #maxBytes: number
  #length = HEAD_BYTES
  #skipped = 0
  #copied = 0
  #new = 0

  constructor(text: Buffer, maxBytes: number) {
    this.#text = text
    this.#maxBytes = maxBytes
    const head = Buffer.allocUnsafe(HEAD_BYTES)
    head[0] = VERSION
    head.writeUInt32BE(text.length, 1)
    this.#pieces.push(head)
  }

  /** New bytes that may still be written. */
  get room(): number {
    const alike = this.#copied + MOST_NEW_BYTES - this.#new
    return Math.min(this.#maxBytes - this.#length, alike)
  }

  /** Counts what is to be copied at the end. */
  expect(bytes: number): void {
    this.#copied += bytes
  }

  /** Leaves out the beginning of the next copy, which is written already. */
  skip(bytes: number): void {
    this.#skipped = bytes
  }

  copy(offset: number, length: number): void {
    const skipped = Math.min(this.#skipped, length)
    this.#skipped -= skipped
    this.#copied += length
    if (length > skipped) this.#part(length - skipped, offset + skipped)
  }

  literal(from: number, to: number): void {
    if (to <= from) return
    this.#part(to - from, LITERAL)
    this.#pieces.push(this.#text.subarray(from, to))
    this.#length += to - from
    this.#new += to - from
  }

  take(): Buffer | undefined {
    return this.#length > this.#maxBytes ? undefined : Buffer.concat(this.#pieces, this.#length)
  }

  #part(length: number, offset: number): void {
    const part = Buffer.allocUnsafe(PART_BYTES)
    part.writeUInt32BE(length, 0)
    part.writeUInt32BE(offset, 4)
    this.#pieces.push(part)
    this.#length += PART_BYTES
  }
}
