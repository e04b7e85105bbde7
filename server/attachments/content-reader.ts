import type { FileHandle } from 'node:fs/promises'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import { chunksOf, type FileKey, openChunk, type SealedChunk } from '../storage/encryption/file-cipher.ts'

/** Reads content out of its file. */
export interface ContentReader {
  /**
   * Bytes from a place on, as many unless the file is shorter.
   *
   * @param into memory that may be used for them
   */
  read(at: number, size: number, into?: Buffer<ArrayBuffer>): Promise<Uint8Array>
  close(): Promise<void>
}

/** @param length bytes of the content, as they were before they were encrypted */
export function contentReader(handle: FileHandle, key: FileKey | undefined, length: number): ContentReader {
  return {
    read: (at, size, into) =>
      key === undefined
        ? readBytes(handle, at, size, into)
        : readSealed(handle, key, { from: at, to: Math.min(at + size, length), length }),
    close: () => handle.close(),
  }
}

async function readBytes(
  handle: FileHandle,
  at: number,
  size: number,
  into = Buffer.allocUnsafeSlow(size),
): Promise<Buffer> {
  const buffer = into.subarray(0, size)
  const { bytesRead } = await handle.read(buffer, 0, size, at)
  return buffer.subarray(0, bytesRead)
}

/** Decrypts the chunks that hold a part, and cuts the part out. */
async function readSealed(
  handle: FileHandle,
  key: FileKey,
  { from, to, length }: { from: number; to: number; length: number },
): Promise<Uint8Array> {
  const chunks = chunksOf(from, to, length)
  const [first, last] = [chunks[0], chunks.at(-1)]
  if (first === undefined || last === undefined) return new Uint8Array(0)
  const sealed = await readBytes(handle, first.position, last.position + last.size - first.position)
  const opened = chunks.map(chunk => openChunk(key, chunk.number, cut(sealed, chunk, first.position)))
  const bytes = opened.length === 1 ? (opened[0] as Buffer) : Buffer.concat(opened)
  return bytes.subarray(from - first.from, to - first.from)
}

function cut(sealed: Buffer, { position, size }: SealedChunk, start: number): Buffer {
  const chunk = sealed.subarray(position - start, position - start + size)
  if (chunk.length < size) throw new DamagedValueError()
  return chunk
}
