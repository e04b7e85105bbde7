import { metaKey } from '../keys.ts'

/**
 * Key of the mark: the number of the last synced batch. Every synced batch writes it, so a store that holds a mark holds,
 * as its log is read from the beginning and without gaps, everything that was acknowledged up to there.
 */
export const MARK = metaKey('mark')

const MARK_BYTES = 8

export function encodeMark(mark: number): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES)
  bytes.writeBigUInt64BE(BigInt(mark))
  return bytes
}

/** 0 where nothing was marked yet. */
export function decodeMark(bytes: Uint8Array | undefined): number {
  if (bytes === undefined || bytes.length < MARK_BYTES) return 0
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset, MARK_BYTES).readBigUInt64BE())
}
