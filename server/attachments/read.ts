import { createHash, hash, type Hash } from 'node:crypto'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip, gunzipSync, type ZlibOptions } from 'node:zlib'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import type { StoreHealth } from '../storage/durable/store-health.ts'
import { lengthOf } from './blob-record.ts'
import type { BlobPin } from './blob-store.ts'
import { type ContentAddress, md5OfAddress } from './content-address.ts'
import type { ContentReader } from './content-reader.ts'
import type { AttachmentFiles } from './files.ts'

const READ_BYTES = 128 * 1024

/** Counts reads that found damage, for metrics. */
type DamageCount = Pick<StoreHealth, 'noteDamage'>

/**
 * Reads pinned content, ahead by one piece. A piece is valid until the next one is read: two buffers take turns, as
 * the collector would let tens of megabytes of new ones gather. An object and no generator, so that the pin is released
 * also where a reader ends before its first read.
 */
export class PinnedReader implements AsyncIterableIterator<Uint8Array> {
  readonly #pin: BlobPin
  readonly #files: AttachmentFiles | undefined
  readonly #to: number
  #at: number
  #file: ContentReader | undefined
  #buffers: Buffer<ArrayBuffer>[] = []
  #ahead: Promise<Uint8Array> | undefined
  #done = false
  readonly #digest: Hash | undefined
  readonly #health: DamageCount | undefined

  /** Bytes `from` up to, not including, `to`. */
  constructor(
    pin: BlobPin,
    files: AttachmentFiles | undefined,
    { from, to }: { readonly from: number; readonly to: number },
    health?: DamageCount,
  ) {
    this.#health = health
    this.#pin = pin
    this.#files = files
    this.#at = from
    this.#to = to
    // Encrypted files have a tag for each chunk; a part has no digest.
    const isTagged = pin.place.kind === 'file' && pin.place.salt !== undefined
    const isWhole = from === 0 && to === lengthOf(pin.place)
    this.#digest = isWhole && to > 0 && !isTagged ? createHash('md5') : undefined
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#ahead === undefined && (this.#done || this.#at >= this.#to)) return this.return()
    try {
      const bytes = await (this.#ahead ?? this.#read())
      this.#at += bytes.length
      this.#verify(bytes)
      this.#readAhead()
      return { done: false, value: bytes }
    } catch (error) {
      if (error instanceof DamagedValueError) this.#health?.noteDamage()
      await this.return()
      throw error
    }
  }

  /** Idempotent. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#done = true
    await this.#ahead?.catch(() => undefined)
    this.#ahead = undefined
    this.#pin.release()
    const file = this.#file
    this.#file = undefined
    await file?.close()
    return { done: true, value: undefined }
  }

  /**
   * Takes a piece into the digest. The last one is given out only when all are what was stored, so that a reader never
   * comes to the end of wrong bytes.
   */
  #verify(bytes: Uint8Array): void {
    if (this.#digest === undefined) return
    this.#digest.update(bytes)
    if (this.#at < this.#to) return
    if (this.#digest.digest().equals(md5OfAddress(this.#pin.address))) return
    throw damaged(this.#pin.address)
  }

  #readAhead(): void {
    this.#ahead = undefined
    if (this.#done || this.#at >= this.#to) return
    this.#ahead = this.#read()
    this.#ahead.catch(() => undefined)
  }

  async #read(): Promise<Uint8Array> {
    const { place } = this.#pin
    if (place.kind === 'inline') return place.bytes.subarray(this.#at, this.#to)
    if (this.#files === undefined) throw new Error('files of attachments are not configured')
    this.#file ??= await this.#files.openForReading(place)
    // Up to a boundary, so that chunks of encrypted files are decrypted once.
    const length = Math.min(READ_BYTES - (this.#at % READ_BYTES), this.#to - this.#at)
    const bytes = await this.#file.read(this.#at, length, this.#nextBuffer())
    if (bytes.length === 0) {
      throw new DamagedValueError(
        `The file of an attachment (${this.#pin.address}) is shorter than what was stored`,
      )
    }
    return bytes
  }

  /** The one that was given before the last. */
  #nextBuffer(): Buffer<ArrayBuffer> {
    const used = this.#buffers.length < 2 ? undefined : this.#buffers.shift()
    const buffer = used ?? Buffer.allocUnsafeSlow(Math.min(READ_BYTES, this.#to - this.#at))
    this.#buffers.push(buffer)
    return buffer
  }
}

/** More decoded bytes than this are given piece by piece. */
const MAX_NOW_BYTES = 256 * 1024

/**
 * The bytes of pinned content that lies in the store, decoded; undefined for files, and where they are many.
 *
 * @throws {DamagedValueError} where they are not what was stored
 */
export function readNow(
  { place, address }: BlobPin,
  encoding: 'gzip' | undefined,
  health?: DamageCount,
): Uint8Array | undefined {
  if (place.kind !== 'inline') return undefined
  const { bytes } = place
  if (!hash('md5', bytes, 'buffer').equals(md5OfAddress(address))) {
    health?.noteDamage()
    throw damaged(address)
  }
  if (encoding === undefined) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_NOW_BYTES })
  } catch {
    // Much, or nothing that decodes: the stream tells the error.
    return undefined
  }
}

/** Returns the error for content that the store does not have, though a document refers to it. */
export function missingContent(content: string): DamagedValueError {
  return new DamagedValueError(`The content of an attachment (${content}) is missing`)
}

function damaged(address: ContentAddress): DamagedValueError {
  return new DamagedValueError(`The content of an attachment (${address}) is not what was stored`)
}

/** The decoded bytes of gzipped ones. */
export function gunzipped(bytes: AsyncIterable<Uint8Array>): Readable {
  // With a mark of one byte each piece has been used before the next is read.
  const gunzip = createGunzip({ chunkSize: 64 * 1024, writableHighWaterMark: 1 } as ZlibOptions)
  // Errors reach the reader through the last stream; the callback only tells that somebody cares.
  return pipeline(bytes, gunzip, () => undefined)
}
