/** Writes sort keys into bytes that grow. */
export class KeyWriter {
  bytes = new Uint8Array(256)
  length = 0

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1)
    this.bytes[this.length++] = value
  }

  /** A number of 64 bits whose order as bytes is its order as a number. */
  double(value: number): void {
    if (this.length + 8 > this.bytes.length) this.grow(8)
    const view = new DataView(this.bytes.buffer, this.length, 8)
    // -0 is the same key as 0.
    view.setFloat64(0, value === 0 ? 0 : value)
    if (value < 0) view.setBigUint64(0, ~view.getBigUint64(0))
    else view.setUint8(0, view.getUint8(0) | 128)
    this.length += 8
  }

  /** Makes room for so many more. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.grow(count)
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }

  clear(): void {
    this.length = 0
  }

  private grow(more: number): void {
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }
}
