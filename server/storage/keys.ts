import { bufferOf, uintAt } from '../../protocol/bytes.ts'

/**
 * Every key of the store. Numbers are big-endian, so that the store's bytewise order is theirs; document ids are UTF-8,
 * which sorts them as CouchDB does. docs/architecture.md has the table.
 */

const META = 0x00
const NAME = 0x01
const DROPPED = 0x02
const DATA = 0x10

/** Kinds of records in a database's range, each with the byte that follows the database's number. */
export const KeySpace = {
  state: 0x00,
  document: 0x01,
  tree: 0x02,
  change: 0x03,
  body: 0x04,
  local: 0x05,
  purge: 0x06,
  setting: 0x07,
  attachment: 0x08,
  index: 0x09,
  conflict: 0x0a,
  rank: 0x0c,
  resolution: 0x0d,
  retention: 0x0e,
} as const

export type KeySpaceByte = (typeof KeySpace)[keyof typeof KeySpace]

/** Length of a database's prefix with the byte of the key space. */
export const PREFIX_LENGTH = 6

export function metaKey(name: string): Buffer {
  return concat(META, name)
}

export const metaRange = { gte: Buffer.from([META]), lt: Buffer.from([META + 1]) }

export function databaseNameKey(name: string): Buffer {
  return concat(NAME, name)
}

export function nameOfDatabaseKey(key: Uint8Array): string {
  return bufferOf(key).toString('utf8', 1)
}

export function droppedKey(database: number): Buffer {
  const key = Buffer.allocUnsafe(5)
  key[0] = DROPPED
  key.writeUInt32BE(database, 1)
  return key
}

export function databaseOfDroppedKey(key: Uint8Array): number {
  return uintAt(key, 1, 4)
}

/** All keys whose first byte is the names', in the order of the names. */
export const databaseNameRange = { gte: Buffer.from([NAME]), lt: Buffer.from([NAME + 1]) }
export const droppedRange = { gte: Buffer.from([DROPPED]), lt: Buffer.from([DROPPED + 1]) }

/** The number of the database that a key belongs to; undefined for keys outside of databases. */
export function databaseOfKey(key: Uint8Array): number | undefined {
  if (key[0] !== DATA || key.length < PREFIX_LENGTH) return undefined
  return uintAt(key, 1, 4)
}

/** The space that a key lies in; undefined for keys outside of databases. */
export function spaceOfKey(key: Uint8Array): number | undefined {
  return key[0] === DATA ? key[PREFIX_LENGTH - 1] : undefined
}

/** The keys of one database. */
export class DatabaseKeys {
  readonly state: Buffer
  readonly #prefix: Buffer

  constructor(database: number) {
    this.#prefix = Buffer.alloc(PREFIX_LENGTH)
    this.#prefix[0] = DATA
    this.#prefix.writeUInt32BE(database, 1)
    this.state = this.#space(KeySpace.state)
  }

  /** A key in a space that is ordered by text: document ids, names of settings. */
  text(space: KeySpaceByte, id: string): Buffer {
    const length = Buffer.byteLength(id)
    const key = Buffer.allocUnsafe(PREFIX_LENGTH + length)
    this.#writePrefix(key, space)
    key.write(id, PREFIX_LENGTH, length)
    return key
  }

  /** A key in a space that is ordered by a number below 2^48: sequences, body numbers. */
  number(space: KeySpaceByte, number: number): Buffer {
    const key = Buffer.allocUnsafe(PREFIX_LENGTH + 6)
    this.#writePrefix(key, space)
    key.writeUIntBE(number, PREFIX_LENGTH, 6)
    return key
  }

  /** A key of bytes that the caller orders: view rows. */
  bytes(space: KeySpaceByte, bytes: Uint8Array): Buffer {
    const key = Buffer.allocUnsafe(PREFIX_LENGTH + bytes.length)
    this.#writePrefix(key, space)
    key.set(bytes, PREFIX_LENGTH)
    return key
  }

  /** The whole of a space. */
  range(space: KeySpaceByte): { gte: Buffer; lt: Buffer } {
    return { gte: this.#space(space), lt: this.#space(space + 1) }
  }

  /** All of the database but its indexes, whose keys come last. */
  withoutIndexes(): { gte: Buffer; lt: Buffer } {
    return { gte: this.#space(KeySpace.state), lt: this.#space(KeySpace.index) }
  }

  /** The whole of the database. */
  all(): { gte: Buffer; lt: Buffer } {
    const end = this.#space(0xff)
    return { gte: this.#space(0), lt: Buffer.concat([end, Buffer.from([0xff])]) }
  }

  #space(space: number): Buffer {
    const key = Buffer.from(this.#prefix)
    key[PREFIX_LENGTH - 1] = space
    return key
  }

  #writePrefix(key: Buffer, space: number): void {
    key.set(this.#prefix)
    key[PREFIX_LENGTH - 1] = space
  }
}

/** The text behind a space's prefix: a document's id. */
export function textOfKey(key: Uint8Array): string {
  return bufferOf(key).toString('utf8', PREFIX_LENGTH)
}

/** Offset of the id in a document's key. */
export const ID_OFFSET = PREFIX_LENGTH

/** Returns the key of a document's separately stored tree, from the key of the document's record. */
export function treeKeyOf(documentKey: Uint8Array): Uint8Array {
  const key = Uint8Array.from(documentKey)
  key[PREFIX_LENGTH - 1] = KeySpace.tree
  return key
}

/** The number behind a space's prefix. */
export function numberOfKey(key: Uint8Array): number {
  return uintAt(key, PREFIX_LENGTH, 6)
}

function concat(space: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([space]), Buffer.from(text)])
}
