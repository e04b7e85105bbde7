import { createHash, type Hash } from 'node:crypto'
import { writeSync } from 'node:fs'
import pako from 'pako'
import { ChunkSealer } from '../../storage/encryption/file-cipher.ts'
import type { IngestOptions, IngestResult, TargetFile } from './messages.ts'

/**
 * One attachment on its way in: compresses where it is to be stored compressed, hashes, and keeps the stored bytes or
 * writes them to a file. Blocks while it works: more than a little is for a worker.
 */
export class IngestJob {
  readonly #options: IngestOptions
  readonly #needFile: () => void
  readonly #md5 = createHash('md5')
  readonly #sha256: Hash | undefined
  readonly #receivedMd5 = createHash('md5')
  readonly #deflate: pako.Deflate | undefined
  #receivedLength = 0
  #storedLength = 0
  #kept: Uint8Array[] = []
  #fd: number | undefined
  #sealer: ChunkSealer | undefined
  #asked = false
  #ended = false

  /** @param needFile called once when the stored bytes no longer fit; `useFile` answers it */
  constructor(options: IngestOptions, needFile: () => void = () => undefined) {
    this.#options = options
    this.#sha256 = options.isShared ? createHash('sha256') : undefined
    this.#needFile = needFile
    if (options.file !== undefined) this.useFile(options.file)
    if (options.compressionLevel !== undefined) this.#deflate = this.#deflater(options.compressionLevel)
  }

  /** The bytes may change afterwards. */
  write(bytes: Uint8Array): void {
    this.#receivedLength += bytes.length
    if (this.#deflate === undefined) {
      this.#store(bytes)
      return
    }
    this.#receivedMd5.update(bytes)
    this.#deflate.push(bytes, false)
  }

  useFile({ fd, key }: TargetFile): void {
    this.#fd = fd
    this.#sealer = key === undefined ? undefined : new ChunkSealer(key)
    for (const bytes of this.#kept) this.#write(fd, bytes)
    this.#kept = []
  }

  end(): void {
    this.#deflate?.push(new Uint8Array(0), true)
    this.#ended = true
  }

  /** Result of the upload, once it has ended and its file is known; undefined before. */
  result(): IngestResult | undefined {
    if (!this.#ended || (this.#asked && this.#fd === undefined)) return undefined
    if (this.#fd !== undefined) for (const bytes of this.#sealer?.end() ?? []) writeAll(this.#fd, bytes)
    const md5 = this.#md5.digest()
    return {
      md5,
      sha256: this.#sha256?.digest(),
      receivedMd5: this.#deflate === undefined ? md5 : this.#receivedMd5.digest(),
      receivedLength: this.#receivedLength,
      storedLength: this.#storedLength,
      bytes: this.#fd === undefined ? Buffer.concat(this.#kept) : undefined,
    }
  }

  /** Compresses with pako 2 at level 8, whose output equals CouchDB's byte for byte and so has CouchDB's digest. */
  #deflater(level: number): pako.Deflate {
    const deflate = new pako.Deflate({ level: level as pako.DeflateOptions['level'] & number, gzip: true })
    deflate.onData = bytes => this.#store(bytes as Uint8Array)
    deflate.onEnd = () => undefined
    return deflate
  }

  #store(bytes: Uint8Array): void {
    this.#md5.update(bytes)
    this.#sha256?.update(bytes)
    this.#storedLength += bytes.length
    if (this.#fd !== undefined) {
      this.#write(this.#fd, bytes)
      return
    }
    this.#kept.push(this.#deflate === undefined ? Buffer.from(bytes) : bytes)
    if (this.#asked || this.#storedLength <= this.#options.inlineLimit) return
    this.#asked = true
    this.#needFile()
  }

  #write(fd: number, bytes: Uint8Array): void {
    for (const piece of this.#sealer?.push(bytes) ?? [bytes]) writeAll(fd, piece)
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let written = 0
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written)
}
