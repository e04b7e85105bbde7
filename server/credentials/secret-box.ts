import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { isMissingFile } from '../storage/missing-file.ts'
import { Encryption } from '../storage/encryption/encryption.ts'
import { checkPrivate } from '../storage/private-file.ts'
import { StoreUnavailableError } from '../storage/unavailable.ts'

const KEY_BYTES = 32

/**
 * Encrypts secrets that the server keeps: AES-256-GCM under a key that is not in the databases, so that neither a copy of
 * them nor a backup tells them.
 */
export class SecretBox {
  readonly #encryption: Encryption

  constructor(key: Uint8Array = randomBytes(KEY_BYTES)) {
    this.#encryption = new Encryption(key)
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
    if (found !== undefined) await checkPrivate(path, 'The key of credentials')
    const text = found ?? randomBytes(KEY_BYTES).toString('hex')
    if (!/^[0-9a-f]{64}\s*$/i.test(text))
      throw new StoreUnavailableError(`${path} holds no key of credentials: 64 hexadecimal digits.`)
    if (found === undefined) await writeFile(path, `${text}\n`, { mode: 0o600, flag: 'wx' })
    return new SecretBox(Buffer.from(text.trim(), 'hex'))
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
