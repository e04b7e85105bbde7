import { createCipheriv, createDecipheriv } from 'node:crypto'
import { DamagedValueError } from './damaged.ts'

/** The key of one file, and what it was derived with: that is kept with the file's record. */
export interface FileKey {
  readonly salt: Uint8Array
  readonly key: Uint8Array
}

/** Bytes of a file that are encrypted together; the last of a file may be fewer. */
export const CHUNK_BYTES = 64 * 1024

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A chunk as it lies in its file, with its tag. */
export interface SealedChunk {
  readonly number: number
  /** Offset of its bytes in the content. */
  readonly from: number
  readonly position: number
  readonly size: number
}

/** The chunks that hold the bytes `from` up to, not including, `to` of content of a length. */
export function chunksOf(from: number, to: number, length: number): SealedChunk[] {
  const chunks: SealedChunk[] = []
  for (let number = Math.floor(from / CHUNK_BYTES); number * CHUNK_BYTES < to; number++) {
    const size = Math.min(CHUNK_BYTES, length - number * CHUNK_BYTES) + TAG_BYTES
    chunks.push({ number, from: number * CHUNK_BYTES, position: number * (CHUNK_BYTES + TAG_BYTES), size })
  }
  return chunks
}

/**
 * Cuts a stream into chunks and encrypts each when it is whole. A chunk's nonce is its number: the key is used for this
 * file alone, and each of its chunks is written once.
 */
export class ChunkSealer {
  readonly #key: Uint8Array
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #filled = 0
  #number = 0

  constructor({ key }: FileKey) {
    this.#key = key
  }

  /** Takes bytes, which the caller may reuse afterwards, and returns the sealed chunks that are complete now. */
  push(bytes: Uint8Array): Uint8Array[] {
    const sealed: Uint8Array[] = []
    for (let offset = 0; offset < bytes.length;) {
      const length = Math.min(CHUNK_BYTES - this.#filled, bytes.length - offset)
      this.#chunk.set(bytes.subarray(offset, offset + length), this.#filled)
      this.#filled += length
      offset += length
      if (this.#filled === CHUNK_BYTES) sealed.push(...this.#seal())
    }
    return sealed
  }

  /** The last chunk, if anything is left for it. */
  end(): Uint8Array[] {
    return this.#filled === 0 ? [] : this.#seal()
  }

  #seal(): Uint8Array[] {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(this.#number++))
    const sealed = cipher.update(this.#chunk.subarray(0, this.#filled))
    cipher.final()
    this.#filled = 0
    return [sealed, cipher.getAuthTag()]
  }
}

/** @throws {DamagedValueError} where it is not that chunk of that file */
export function openChunk({ key }: FileKey, number: number, sealed: Uint8Array): Buffer {
  const end = sealed.length - TAG_BYTES
  if (end <= 0) throw new DamagedValueError()
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number))
  decipher.setAuthTag(sealed.subarray(end))
  const bytes = decipher.update(sealed.subarray(0, end))
  try {
    decipher.final()
  } catch {
    throw new DamagedValueError()
  }
  return bytes
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUIntBE(number, NONCE_BYTES - 6, 6)
  return nonce
}
