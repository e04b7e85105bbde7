import type { KeyRange } from '../../database/indexes/index-store.ts'

/*
 * Keys of an index, behind the database's prefix and the space byte. An index is known by the first bytes of its
 * signature, so design documents with the same views share it:
 *   <signature 6> 00                               state, JSON
 *   <signature 6> 01 <doc id>                      the keys of the document's rows
 *   <signature 6> 02 <view 2> <sort key> <doc id> <ordinal 3>      row
 *   <signature 6> 03 <view 2> <level 1> <row key>  count and reduction of the rows from here to the next of the level
 */
const STATE = 0
const DOCUMENT = 1
const ROW = 2
const NODE = 3
const BEHIND_NODES = 4
/** The place of the byte behind all kinds. */
const END = 5

const NOTHING = new Uint8Array(0)

/** The keys of one index of a database. */
export class IndexKeys {
  readonly state: Uint8Array
  /** Common prefix of the keys of all its rows, before the view's number. */
  readonly rowPrefix: Uint8Array
  /** Prefixes of keys, by their kind. */
  readonly #prefixes: readonly Uint8Array[]

  /** @param prefix begins all keys of the index: those of the database and the space, and the signature's first bytes */
  constructor(prefix: Uint8Array) {
    this.#prefixes = [STATE, DOCUMENT, ROW, NODE, BEHIND_NODES, 0xff].map(kind =>
      Buffer.concat([prefix, Uint8Array.of(kind)]),
    )
    this.state = this.#key(STATE)
    this.rowPrefix = this.#key(ROW)
  }

  document(id: string): Uint8Array {
    return this.#key(DOCUMENT, Buffer.from(id))
  }

  /** @param rowKey sort key, document id and ordinal */
  row(view: number, rowKey: Uint8Array): Uint8Array {
    return this.#key(ROW, viewBytes(view), rowKey)
  }

  node(view: number, level: number, rowKey: Uint8Array): Uint8Array {
    return this.#key(NODE, viewBytes(view), Uint8Array.of(level), rowKey)
  }

  /** All rows of a view. */
  rows(view: number): KeyRange {
    return { gte: this.row(view, NOTHING), lt: this.row(view + 1, NOTHING) }
  }

  /** All nodes of a level of a view. */
  nodes(view: number, level: number): KeyRange {
    return { gte: this.node(view, level, NOTHING), lt: this.node(view, level + 1, NOTHING) }
  }

  allNodes(): KeyRange {
    return { gte: this.#key(NODE), lt: this.#key(BEHIND_NODES) }
  }

  all(): KeyRange {
    return { gte: this.#key(STATE), lt: this.#key(END) }
  }

  /** The sort key, document id and ordinal in the key of a row or node. */
  rowKeyOf(key: Uint8Array, kind: 'row' | 'node'): Uint8Array {
    return key.subarray(this.rowPrefix.length + (kind === 'row' ? 2 : 3))
  }

  #key(kind: number, ...rest: Uint8Array[]): Buffer {
    return Buffer.concat([this.#prefixes[kind] as Uint8Array, ...rest])
  }
}

function viewBytes(view: number): Uint8Array {
  return Uint8Array.of(view >> 8, view & 255)
}

/** Returns the smallest key greater than all keys that begin with `prefix`. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end--
  // Not `slice`: that of a Buffer shares its memory.
  const bytes = Uint8Array.from(prefix.subarray(0, end))
  if (end > 0) bytes[end - 1] = (bytes[end - 1] as number) + 1
  return bytes
}

export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** Returns the index of the first of sorted keys that is at or after `key`; their number if there is none. */
export function lowerBound(keys: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareKeys(keys[middle] as Uint8Array, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
