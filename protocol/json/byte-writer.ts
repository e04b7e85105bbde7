const SHORT_COPY = 48
const NOTHING = Buffer.alloc(0)

/**
 * Builds texts one after another in large chunks, so that a batch of a thousand documents costs a few allocations.
 * What `take` returned is never written to again; positions are counted from the beginning of the current text.
 */
export class ByteWriter {
  bytes: Buffer = NOTHING
  /** Index in `bytes` of the next byte. */
  length = 0
  /** Index in `bytes` at which the current text begins. */
  start = 0
  readonly #chunk: number

  /** @param chunk bytes to allocate at a time; larger texts get what they need */
  constructor(chunk: number) {
    this.#chunk = chunk
  }

  /** Length of the current text. */
  get position(): number {
    return this.length - this.start
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count)
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  /** Appends `source[from, to)`. */
  copy(source: Buffer, from: number, to: number): void {
    const count = to - from
    this.reserve(count)
    const { bytes } = this
    let offset = this.length
    if (count < SHORT_COPY) for (let i = from; i < to; i++) bytes[offset++] = source[i]!
    else source.copy(bytes, offset, from, to)
    this.length += count
  }

  append(source: Uint8Array): void {
    this.reserve(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  utf8(text: string): void {
    this.reserve(3 * text.length)
    this.length += this.bytes.write(text, this.length)
  }

  /** Appends text of one-byte characters. */
  latin1(text: string): void {
    this.reserve(text.length)
    this.length += this.bytes.write(text, this.length, 'latin1')
  }

  /** Forgets what was written after `position`. */
  truncate(position: number): void {
    this.length = this.start + position
  }

  /** Ends the current text, returns it and begins the next one. */
  take(): Buffer {
    const text = this.bytes.subarray(this.start, this.length)
    this.start = this.length
    return text
  }

  #grow(count: number): void {
    const pending = this.length - this.start
    const next = Buffer.allocUnsafe(Math.max(this.#chunk, 2 * (pending + count)))
    this.bytes.copy(next, 0, this.start, this.length)
    this.bytes = next
    this.start = 0
    this.length = pending
  }
}
