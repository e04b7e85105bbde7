import { readFile } from 'node:fs/promises'
import { checkPrivate } from '../private-file.ts'
import { StoreUnavailableError } from '../unavailable.ts'

/** 256 bits under which the data key is kept; it encrypts nothing else. */
export type MasterKey = Uint8Array & { readonly [brand]: 'MasterKey' }

/** Master keys that a store is opened with. */
export interface MasterKeys {
  readonly current: MasterKey
  /** The one before: where the data is still under it, it is put under the current one. */
  readonly previous?: MasterKey
}

/** Settings of section [encryption] that give the keys: paths of files, or the keys themselves as text. */
export interface KeySources {
  readonly keyFile?: string | undefined
  readonly key?: string | undefined
  readonly previousKeyFile?: string | undefined
  readonly previousKey?: string | undefined
}

declare const brand: unique symbol

const KEY_BYTES = 32
const HEX = /^[0-9a-f]{64}$/i
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/

/**
 * Reads the keys from where they are; undefined where none is named.
 *
 * @throws {StoreUnavailableError} for a file that cannot be read, and for what is no key
 */
export async function readMasterKeys(sources: KeySources): Promise<MasterKeys | undefined> {
  const current = await readKey(sources.key, sources.keyFile, 'encryption key')
  const previous = await readKey(sources.previousKey, sources.previousKeyFile, 'previous encryption key')
  if (current === undefined) {
    if (previous === undefined) return undefined
    throw new StoreUnavailableError('A previous encryption key was given without the one to use from now on.')
  }
  return previous === undefined ? { current } : { current, previous }
}

/** 64 hexadecimal digits or base64 of 32 bytes; undefined for anything else. */
export function parseMasterKey(text: string): MasterKey | undefined {
  const trimmed = text.trim()
  if (HEX.test(trimmed)) return Buffer.from(trimmed, 'hex') as Uint8Array as MasterKey
  return BASE64.test(trimmed) ? (Buffer.from(trimmed, 'base64') as Uint8Array as MasterKey) : undefined
}

async function readKey(
  text: string | undefined,
  file: string | undefined,
  name: string,
): Promise<MasterKey | undefined> {
  if (text !== undefined && file !== undefined) {
    throw new StoreUnavailableError(`The ${name} was given twice, as text and as a file: give one of them.`)
  }
  if (file !== undefined) return readKeyFile(file, name)
  return text === undefined ? undefined : checked(parseMasterKey(text), `The ${name}`)
}

async function readKeyFile(file: string, name: string): Promise<MasterKey> {
  const bytes = await readFile(file).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error)
    throw new StoreUnavailableError(`The file of the ${name} cannot be read: ${detail}`)
  })
  await checkPrivate(file, `The ${name}`)
  const raw = bytes.length === KEY_BYTES ? (bytes as Uint8Array as MasterKey) : undefined
  return checked(raw ?? parseMasterKey(bytes.toString('latin1')), `What ${file} holds`)
}

function checked(key: MasterKey | undefined, what: string): MasterKey {
  if (key !== undefined) return key
  throw new StoreUnavailableError(
    `${what} is no key: 32 random bytes are wanted, in hexadecimal or base64, as \`openssl rand -hex 32\` makes them.`,
  )
}
