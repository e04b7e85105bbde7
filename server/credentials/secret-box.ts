import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isMissingFile } from '../storage/missing-file.ts'
import { Encryption } from '../storage/encryption/encryption.ts'
import { checkPrivate, writePrivateFile } from '../storage/private-file.ts'
import { StoreUnavailableError } from '../storage/unavailable.ts'

const KEY_BYTES = 32
const SHARED_UNDER = Buffer.from('key of credentials')

/**
 * Encrypts secrets that the server keeps: AES-256-GCM under a key that is not in the databases, so that neither a copy of
 * them nor a backup tells them.
 */
export class SecretBox {
  readonly #path: string | undefined
  #key: Uint8Array
  #encryption: Encryption
  #isNew: boolean

  /** @param path file of the key; undefined for a key that is kept nowhere */
  constructor(key: Uint8Array = randomBytes(KEY_BYTES), isNew = false, path?: string) {
    this.#key = key
    this.#encryption = new Encryption(key)
    this.#isNew = isNew
    this.#path = path
  }

  /** True for a key that was made now: what was sealed before opens no more. */
  get isNew(): boolean {
    return this.#isNew
  }

  /** Digest by which servers find out that they have the same key; it tells nothing of it. */
  get fingerprint(): string {
    return createHmac('sha256', this.#key).update('fingerprint').digest('hex').slice(0, 32)
  }

  /** Returns the key for another server that knows a secret, encrypted under that. */
  share(secret: string): string {
    return Buffer.from(sharedEncryption(secret).seal(SHARED_UNDER, this.#key)).toString('base64')
  }

  /**
   * Takes over the key that another server shares, in place of one that was made now and has sealed nothing.
   *
   * @throws {DamagedValueError} where it was shared under another secret
   */
  async adopt(secret: string, shared: string): Promise<void> {
    const key = sharedEncryption(secret).open(SHARED_UNDER, Buffer.from(shared, 'base64'))
    if (this.#path !== undefined) await writePrivateFile(this.#path, textOf(key))
    this.#key = key
    this.#encryption = new Encryption(key)
    this.#isNew = false
  }

  /**
   * Opens the box with the key in a file, which is made where it is missing.
   *
   * @throws {StoreUnavailableError} for a file that cannot be read, that others may read, or that holds no key
   */
  static async open(path: string): Promise<SecretBox> {
    const found = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isMissingFile(error)) return undefined
      throw new StoreUnavailableError(`The key of credentials cannot be read: ${String(error)}`)
    })
    if (found === undefined) return SecretBox.#make(path)
    await checkPrivate(path, 'The key of credentials')
    if (!/^[0-9a-f]{64}\s*$/i.test(found))
      throw new StoreUnavailableError(`${path} holds no key of credentials: 64 hexadecimal digits.`)
    return new SecretBox(Buffer.from(found.trim(), 'hex'), false, path)
  }

  static async #make(path: string): Promise<SecretBox> {
    const key = randomBytes(KEY_BYTES)
    await writePrivateFile(path, textOf(key)).catch((error: unknown) => {
      throw new StoreUnavailableError(`The key of credentials cannot be written: ${String(error)}`)
    })
    return new SecretBox(key, true, path)
  }

  /** @param name of the secret: it opens under that name alone */
  seal(name: string, secret: object): string {
    const sealed = this.#encryption.seal(Buffer.from(name), Buffer.from(JSON.stringify(secret)))
    return Buffer.from(sealed).toString('base64')
  }

  /** @throws {DamagedValueError} where it was sealed under another key or name, or was changed since */
  open<T>(name: string, sealed: string): T {
    const secret = this.#encryption.open(Buffer.from(name), Buffer.from(sealed, 'base64'))
    return JSON.parse(Buffer.from(secret).toString()) as T
  }
}

function textOf(key: Uint8Array): string {
  return `${Buffer.from(key).toString('hex')}\n`
}

function sharedEncryption(secret: string): Encryption {
  return new Encryption(
    Buffer.from(hkdfSync('sha256', secret, '', 'couchette key of credentials', KEY_BYTES)),
  )
}
