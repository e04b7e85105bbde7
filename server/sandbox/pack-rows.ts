import { KeyWriter } from '../../protocol/collation/key-writer.ts'
import { rawKey, writeRawKey } from '../../protocol/collation/raw-key.ts'
import { writeViewKey } from '../../protocol/collation/view-key.ts'
import type { JsonValue } from '../../protocol/json-value.ts'
import { partitionOf } from '../../protocol/partition.ts'
import { ORDINAL_BYTES, writeRowValue } from '../../protocol/view-row.ts'
import { checkDepth } from './answer-depth.ts'
import type { Collation, PackedRows, RowStorage } from './messages.ts'

interface Emitted {
  /** The key as JSON, and its value. */
  readonly key: string
  readonly value: string
  readonly sortKey: Uint8Array
}

/**
 * Packs what the guest's `map` gave and answered into records of the store. Rows of one document and one function with equal
 * keys stand in the order of their terms, as CouchDB sorts them, and are told apart by an ordinal.
 *
 * @param onPart called behind each text
 */
export function packRows(
  texts: readonly string[],
  storage: RowStorage,
  onPart: () => void = () => undefined,
): PackedRows {
  const packer = new RowPacker(storage)
  let document = 0
  for (const text of texts) {
    for (const ofDocument of text.split('\u0004').slice(0, -1)) {
      const functions = ofDocument.split('\u0003')
      for (let index = 0; index < functions.length - 1; index++) {
        const rows = functions[index] as string
        if (rows !== '') packer.add(document, index, rows)
      }
      document++
    }
    onPart()
  }
  return packer.finish()
}

class RowPacker {
  readonly #storage: RowStorage
  readonly #out = new KeyWriter()
  readonly #key = new KeyWriter()
  readonly #index: number[] = []

  constructor(storage: RowStorage) {
    this.#storage = storage
  }

  add(document: number, offset: number, rows: string): void {
    const id = this.#storage.ids[document] ?? ''
    const emitted = inOrder(this.#parse(id, rows, this.#storage.collations[offset] ?? 'unicode'))
    const [idText, idBytes] = [JSON.stringify(id), Buffer.from(id)]
    let ordinal = 0
    for (const [index, row] of emitted.entries()) {
      const before = emitted[index - 1]
      ordinal = before !== undefined && Buffer.compare(before.sortKey, row.sortKey) === 0 ? ordinal + 1 : 0
      this.#index.push(document, offset, this.#out.length)
      this.#writeKey(offset, row.sortKey, idBytes, ordinal)
      this.#index.push(this.#out.length)
      writeRowValue(idText, row.key, row.value, this.#out)
      this.#index.push(this.#out.length)
    }
  }

  finish(): PackedRows {
    return { bytes: this.#out.take(), index: Uint32Array.from(this.#index) }
  }

  #parse(id: string, rows: string, collation: Collation): Emitted[] {
    const emitted: Emitted[] = []
    const partition = this.#storage.partitioned ? partitionOf(id) : undefined
    for (let from = 0; from < rows.length;) {
      const middle = rows.indexOf('\u0001', from)
      const end = rows.indexOf('\u0002', middle)
      if (middle < 0 || end < 0) throw new Error('what the map functions emitted is not as it was written')
      const key = rows.slice(from, middle)
      const value = rows.slice(middle + 1, end)
      checkDepth(key)
      checkDepth(value)
      const write = collation === 'raw' ? writeRawKey : writeViewKey
      this.#key.clear()
      if (partition !== undefined) write(partition, this.#key)
      write(JSON.parse(key) as JsonValue, this.#key)
      emitted.push({ key, value, sortKey: this.#key.take() })
      from = end + 1
    }
    return emitted
  }

  #writeKey(offset: number, sortKey: Uint8Array, id: Uint8Array, ordinal: number): void {
    this.#out.append(this.#storage.prefix)
    this.#out.byte(offset >> 8)
    this.#out.byte(offset & 255)
    this.#out.append(sortKey)
    this.#out.append(id)
    for (let shift = (ORDINAL_BYTES - 1) * 8; shift >= 0; shift -= 8) this.#out.byte((ordinal >> shift) & 255)
  }
}

function inOrder(rows: Emitted[]): Emitted[] {
  if (rows.length < 2) return rows
  return rows.sort((a, b) => Buffer.compare(a.sortKey, b.sortKey) || Buffer.compare(termOf(a), termOf(b)))
}

function termOf({ key, value }: Emitted): Uint8Array {
  return rawKey([JSON.parse(key) as JsonValue, JSON.parse(value) as JsonValue])
}
