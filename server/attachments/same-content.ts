import type { FileHandle } from 'node:fs/promises'
import type { BlobPlace } from './blob-record.ts'
import type { IncomingBlob } from './incoming-blob.ts'
import type { AttachmentFiles } from './files.ts'

const PIECE_BYTES = 256 * 1024

/** Whether what was received is, byte for byte, what is stored. Both have the same length. */
export async function sameContent(
  blob: IncomingBlob,
  place: BlobPlace,
  files: AttachmentFiles | undefined,
): Promise<boolean> {
  if (place.kind === 'inline') return equalBytes(place.bytes, blob)
  if (files === undefined) throw new Error('there are no files to read from')
  const handle = await files.openForReading(place.file)
  try {
    return await equalPieces(handle, blob, place.length)
  } finally {
    await handle.close()
  }
}

async function equalBytes(bytes: Uint8Array, blob: IncomingBlob): Promise<boolean> {
  return Buffer.compare(bytes, await pieceOf(blob, 0, bytes.length)) === 0
}

async function equalPieces(handle: FileHandle, blob: IncomingBlob, length: number): Promise<boolean> {
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const size = Math.min(PIECE_BYTES, length - at)
    const [stored, received] = await Promise.all([readPiece(handle, at, size), pieceOf(blob, at, size)])
    if (!stored.equals(received)) return false
  }
  return true
}

function pieceOf(blob: IncomingBlob, at: number, size: number): Promise<Uint8Array> {
  return blob.kind === 'inline'
    ? Promise.resolve(blob.bytes.subarray(at, at + size))
    : readPiece(blob.file.handle, at, size)
}

async function readPiece(handle: FileHandle, at: number, size: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(size), 0, size, at)
  return buffer.subarray(0, bytesRead)
}
