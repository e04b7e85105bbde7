import { DamagedValueError } from '../storage/encryption/damaged.ts'
import { contentReader, type ContentReader } from './content-reader.ts'
import type { BlobPlace } from './blob-record.ts'
import type { IncomingBlob } from './incoming-blob.ts'
import type { AttachmentFiles } from './files.ts'

const PIECE_BYTES = 256 * 1024

type Read = ContentReader['read']

/** Returns whether received bytes equal the stored ones, which damaged ones do not. Both have the same length. */
export async function sameContent(
  blob: IncomingBlob,
  place: BlobPlace,
  files: AttachmentFiles | undefined,
): Promise<boolean> {
  const received = readerOf(blob)
  if (place.kind === 'inline') return Buffer.compare(place.bytes, await received(0, place.bytes.length)) === 0
  if (files === undefined) throw new Error('files of attachments are not configured')
  const stored = await files.openForReading(place)
  try {
    return await equalPieces((at, size) => stored.read(at, size), received, place.length)
  } catch (error) {
    if (error instanceof DamagedValueError) return false
    throw error
  } finally {
    await stored.close()
  }
}

async function equalPieces(one: Read, other: Read, length: number): Promise<boolean> {
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const size = Math.min(PIECE_BYTES, length - at)
    const [a, b] = await Promise.all([one(at, size), other(at, size)])
    if (Buffer.compare(a, b) !== 0) return false
  }
  return true
}

/** The file of what was received stays open for whoever keeps or discards it. */
function readerOf(blob: IncomingBlob): Read {
  if (blob.kind === 'inline') return (at, size) => Promise.resolve(blob.bytes.subarray(at, at + size))
  const reader = contentReader(blob.file.handle, blob.file.key, blob.length)
  return (at, size) => reader.read(at, size)
}
