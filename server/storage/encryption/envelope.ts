import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { MasterKey } from './master-key.ts'

/**
 * The data key, encrypted under the master key: a version byte, a random nonce of 12 bytes, 32 bytes, a tag of 16. A
 * nonce is random here, as a master key encrypts one data key, and a few times at most.
 */
const VERSION = 1
const NONCE_BYTES = 12
const KEY_BYTES = 32
const TAG_BYTES = 16
const PURPOSE = Buffer.from('couchette data key')

export function newDataKey(): Buffer {
  return randomBytes(KEY_BYTES)
}

export function wrapDataKey(dataKey: Uint8Array, master: MasterKey): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', master, nonce).setAAD(PURPOSE)
  const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()])
  return Buffer.concat([Buffer.from([VERSION]), nonce, wrapped, cipher.getAuthTag()])
}

/** Undefined where the master key is another one, or the envelope was changed. */
export function unwrapDataKey(envelope: Uint8Array, master: MasterKey): Buffer | undefined {
  const end = 1 + NONCE_BYTES + KEY_BYTES
  if (envelope[0] !== VERSION || envelope.length !== end + TAG_BYTES) return undefined
  const nonce = envelope.subarray(1, 1 + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', master, nonce)
  decipher.setAAD(PURPOSE).setAuthTag(envelope.subarray(end))
  try {
    return Buffer.concat([decipher.update(envelope.subarray(1 + NONCE_BYTES, end)), decipher.final()])
  } catch {
    return undefined
  }
}
