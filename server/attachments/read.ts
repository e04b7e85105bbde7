import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { BlobPin } from './blob-store.ts'
import type { ContentReader } from './content-reader.ts'
import type { AttachmentFiles } from './files.ts'

const READ_BYTES = 128 * 1024

/**
 * Reads pinned content. An object and no generator, so that the pin is released also where a reader is done before it
 * has asked for anything.
 */
export class PinnedReader implements AsyncIterableIterator<Uint8Array> {
  readonly #pin: BlobPin
  readonly #files: AttachmentFiles | undefined
  readonly #to: number
  #at: number
  #file: ContentReader | undefined
  #done = false

  /** Bytes `from` up to, not including, `to`. */
  constructor(pin: BlobPin, files: AttachmentFiles | undefined, from: number, to: number) {
    this.#pin = pin
    this.#files = files
    this.#at = from
    this.#to = to
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#done || this.#at >= this.#to) return this.return()
    try {
      const bytes = await this.#read()
      this.#at += bytes.length
      return { done: false, value: bytes }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  /** Idempotent. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#done = true
    this.#pin.release()
    const file = this.#file
    this.#file = undefined
    await file?.close()
    return { done: true, value: undefined }
  }

  async #read(): Promise<Uint8Array> {
    const { place } = this.#pin
    if (place.kind === 'inline') return place.bytes.subarray(this.#at, this.#to)
    if (this.#files === undefined) throw new Error('there are no files to read from')
    this.#file ??= await this.#files.openForReading(place)
    // Up to a boundary, so that chunks of encrypted files are decrypted once.
    const most = READ_BYTES - (this.#at % READ_BYTES)
    const bytes = await this.#file.read(this.#at, Math.min(most, this.#to - this.#at))
    if (bytes.length === 0) throw new Error(`attachment file ${place.file} is shorter than recorded`)
    return bytes
  }
}

/** The decoded bytes of gzipped ones. */
export function gunzipped(bytes: AsyncIterable<Uint8Array>): Readable {
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: READ_BYTES })
  // Errors reach the reader through the last stream; the callback only tells that somebody cares.
  return pipeline(source, createGunzip({ chunkSize: 64 * 1024 }), () => undefined)
}
