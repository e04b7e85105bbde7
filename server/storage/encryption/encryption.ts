import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { DamagedValueError } from './damaged.ts'
import type { FileKey } from './file-cipher.ts'

/**
 * A sealed value: a version byte, the run's id (12 bytes), a counter (6), the ciphertext, a tag (16).
 *
 * Nonces never repeat: each run of the server encrypts under a key of its own, derived from the data key and 96 random
 * bits, and counts its nonces. So neither a crash, nor a directory that was restored or copied and runs twice, uses a
 * nonce again, and there is no number of values after which the key wears out.
 */
const VERSION = 1
const RUN_BYTES = 12
const COUNTER_BYTES = 6
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32
const COUNTER_AT = 1 + RUN_BYTES
const HEAD_BYTES = COUNTER_AT + COUNTER_BYTES
const LAST_COUNTER = 2 ** 48 - 1
const FILE_SALT_BYTES = 16

/** Keys of earlier runs that are kept at hand. */
const MOST_RUNS = 10_000

interface Run {
  readonly id: Buffer
  readonly key: Buffer
}

/** Encrypts and authenticates under keys that are derived from the data key: AES-256-GCM, HKDF with SHA-256. */
export class Encryption {
  readonly #dataKey: Uint8Array
  readonly #keys = new Map<string, Buffer>()
  #run: Run
  #counter = 0

  constructor(dataKey: Uint8Array) {
    this.#dataKey = dataKey
    this.#run = this.#newRun()
  }

  /** The key that all others are derived from: for other threads of the process. */
  get dataKey(): Uint8Array {
    return this.#dataKey
  }

  /** @param address where the value will lie: it opens there alone */
  seal(address: Uint8Array, value: Uint8Array): Uint8Array {
    if (this.#counter === LAST_COUNTER) this.#run = this.#newRun()
    const sealed = Buffer.allocUnsafe(HEAD_BYTES + value.length + TAG_BYTES)
    sealed[0] = VERSION
    sealed.set(this.#run.id, 1)
    sealed.writeUIntBE(++this.#counter, COUNTER_AT, COUNTER_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#run.key, nonceOf(sealed)).setAAD(address)
    sealed.set(cipher.update(value), HEAD_BYTES)
    cipher.final()
    sealed.set(cipher.getAuthTag(), HEAD_BYTES + value.length)
    return sealed
  }

  /** @throws {DamagedValueError} where it was not sealed under this key for this address, or was changed since */
  open(address: Uint8Array, sealed: Uint8Array): Uint8Array {
    const end = sealed.length - TAG_BYTES
    if (end < HEAD_BYTES || sealed[0] !== VERSION) throw new DamagedValueError()
    const key = this.#keyOfRun(sealed)
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(sealed))
    decipher.setAAD(address).setAuthTag(sealed.subarray(end))
    const value = decipher.update(sealed.subarray(HEAD_BYTES, end))
    try {
      decipher.final()
    } catch {
      throw new DamagedValueError()
    }
    return value
  }

  /** A key for one new file. */
  newFileKey(): FileKey {
    return this.fileKey(randomBytes(FILE_SALT_BYTES))
  }

  /** The key of a file, by what was kept of it. */
  fileKey(salt: Uint8Array): FileKey {
    return { salt, key: this.#derive(salt, 'couchette file') }
  }

  #newRun(): Run {
    const id = randomBytes(RUN_BYTES)
    this.#counter = 0
    return { id, key: this.#derive(id, 'couchette values') }
  }

  #keyOfRun(sealed: Uint8Array): Buffer {
    const id = Buffer.from(sealed.buffer, sealed.byteOffset + 1, RUN_BYTES)
    if (id.equals(this.#run.id)) return this.#run.key
    const name = id.toString('latin1')
    let key = this.#keys.get(name)
    if (key === undefined) {
      key = this.#derive(id, 'couchette values')
      if (this.#keys.size >= MOST_RUNS) this.#keys.clear()
      this.#keys.set(name, key)
    }
    return key
  }

  #derive(salt: Uint8Array, purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#dataKey, salt, purpose, KEY_BYTES))
  }
}

/** The counter, with zeros before it. */
function nonceOf(sealed: Uint8Array): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.set(sealed.subarray(COUNTER_AT, HEAD_BYTES), NONCE_BYTES - COUNTER_BYTES)
  return nonce
}
