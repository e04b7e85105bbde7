import type { KeyWriter } from './key-writer.ts'

/*
 * The second and third level of a sort key are mostly the common weight, once for each character. Runs of it are one
 * byte, which sorts right whether a higher weight, a lower one or the end follows:
 *   run, then lower or end: RUN_LOW + length        run, then higher: RUN_HIGH - length
 * Longer runs begin with RUN_MIDDLE for each RUN_MAX + 1. (ICU compresses its sort keys in the same way.)
 */
const RUN_LOW = 0x05
const RUN_MIDDLE = 0x3a
const RUN_HIGH = 0x6f
const RUN_MAX = 52

const COMMON_SECONDARY = 0x500
const COMMON_TERTIARY = 5
/** Moves tertiary weights above the common one to where secondary weights are. */
const TERTIARY_SHIFT = 0x60

/** The weights of one level of a string, compressed as they come. */
export class LevelWriter {
  private readonly bytes: number[] = []
  private run = 0

  secondary(weight: number): void {
    if (weight === COMMON_SECONDARY) this.run++
    else if (weight !== 0) {
      this.endRun(true)
      this.bytes.push(weight >> 8, weight & 255)
    }
  }

  tertiary(weight: number): void {
    if (weight === COMMON_TERTIARY) this.run++
    else if (weight !== 0) {
      const isHigher = weight > COMMON_TERTIARY
      this.endRun(isHigher)
      this.bytes.push(isHigher ? weight + TERTIARY_SHIFT : weight)
    }
  }

  common(): void {
    this.run++
  }

  /** Writes the level, and is ready for the next string. */
  flush(out: KeyWriter): void {
    this.endRun(false)
    for (const byte of this.bytes) out.byte(byte)
    this.bytes.length = 0
  }

  /** Forgets the level, and is ready for the next string. */
  clear(): void {
    this.bytes.length = 0
    this.run = 0
  }

  private endRun(isHigherNext: boolean): void {
    for (; this.run > RUN_MAX; this.run -= RUN_MAX + 1) this.bytes.push(RUN_MIDDLE)
    if (this.run > 0) this.bytes.push(isHigherNext ? RUN_HIGH - this.run : RUN_LOW + this.run)
    this.run = 0
  }
}
