import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { ChunkSealer } from '../../storage/encryption/file-cipher.ts'
import type { IncomingBlob } from '../incoming-blob.ts'
import type { AttachmentFiles, IncomingFile } from '../files.ts'
import { free, isWhole } from './memory.ts'
import type { IngestResult } from './messages.ts'
import type { IngestSink } from './sink.ts'

const WRITE_BYTES = 512 * 1024

/** Hashes an attachment piece by piece as it comes, and writes it to a file many pieces at a time. */
export class FileSink implements IngestSink {
  readonly #files: AttachmentFiles
  readonly #file: IncomingFile
  readonly #sealer: ChunkSealer | undefined
  readonly #md5 = createHash('md5')
  readonly #sha256: Hash | undefined
  #length = 0
  #kept: Uint8Array[] = []
  #toFree: Uint8Array[] = []
  #keptBytes = 0
  #writing: Promise<void> = Promise.resolve()
  #given = false

  /** @param isShared true where the SHA-256 of the stored bytes is wanted */
  static async open(files: AttachmentFiles, isShared: boolean): Promise<FileSink> {
    return new FileSink(files, await files.create(), isShared)
  }

  private constructor(files: AttachmentFiles, file: IncomingFile, isShared: boolean) {
    this.#sha256 = isShared ? createHash('sha256') : undefined
    this.#files = files
    this.#file = file
    this.#sealer = file.key === undefined ? undefined : new ChunkSealer(file.key)
  }

  async write(bytes: Uint8Array, transferable: boolean): Promise<void> {
    this.#md5.update(bytes)
    this.#sha256?.update(bytes)
    this.#length += bytes.length
    this.#kept.push(bytes)
    if (transferable && isWhole(bytes)) this.#toFree.push(bytes)
    this.#keptBytes += bytes.length
    if (this.#keptBytes >= WRITE_BYTES) await this.#flush()
  }

  async finish(): Promise<{ result: IngestResult; blob: IncomingBlob }> {
    await this.#flush(true)
    await this.#writing
    this.#given = true
    const md5 = this.#md5.digest()
    const result: IngestResult = {
      md5,
      sha256: this.#sha256?.digest(),
      receivedMd5: md5,
      receivedLength: this.#length,
      storedLength: this.#length,
      bytes: undefined,
    }
    return { result, blob: { kind: 'file', file: this.#file, length: this.#length } }
  }

  async abort(): Promise<void> {
    if (this.#given) return
    this.#given = true
    await this.#writing.catch(() => undefined)
    await this.#files.discard(this.#file)
  }

  /** One write at a time; the next bytes come in meanwhile. */
  async #flush(isLast = false): Promise<void> {
    const pieces = this.#sealer === undefined ? this.#kept : sealed(this.#sealer, this.#kept, isLast)
    const toFree = this.#toFree
    this.#kept = []
    this.#toFree = []
    this.#keptBytes = 0
    await this.#writing
    this.#writing = writeAll(this.#file.handle, pieces).then(() => free(toFree))
    this.#writing.catch(() => undefined)
  }
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  if (pieces.length === 0) return
  let { bytesWritten: written } = await handle.writev(pieces)
  for (const piece of pieces) {
    if (written < piece.length) await handle.writeFile(piece.subarray(written))
    written = Math.max(0, written - piece.length)
  }
}

function sealed(sealer: ChunkSealer, pieces: readonly Uint8Array[], isLast: boolean): Uint8Array[] {
  const chunks = pieces.flatMap(bytes => sealer.push(bytes))
  return isLast ? [...chunks, ...sealer.end()] : chunks
}
