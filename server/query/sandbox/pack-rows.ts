import { ByteWriter } from '../../../protocol/collation/byte-writer.ts'
import { writeRawKey } from '../../../protocol/collation/raw-key.ts'
import { writeViewKey } from '../../../protocol/collation/view-key.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { encodeRowValue } from '../row-value.ts'
import type { Collation, PackedRows } from './messages.ts'

/**
 * Packs what the guest's `map` answered: for each row the sort key of its key, and its stored value.
 *
 * @param collations how the keys of each function sort
 */
export function packRows(text: string, collations: readonly Collation[]): PackedRows {
  const writer = new ByteWriter()
  const index: number[] = []
  const documents = text.split('\u0004')
  for (let document = 0; document < documents.length - 1; document++) {
    const functions = (documents[document] as string).split('\u0003')
    for (let at = 0; at < functions.length - 1; at++) {
      const rows = functions[at] as string
      if (rows !== '') packFunction(rows, document, at, collations[at] ?? 'unicode', writer, index)
    }
  }
  return { bytes: writer.take(), index: Uint32Array.from(index) }
}

function packFunction(
  rows: string,
  document: number,
  at: number,
  collation: Collation,
  writer: ByteWriter,
  index: number[],
): void {
  for (let from = 0; from < rows.length;) {
    const middle = rows.indexOf('\u0001', from)
    const end = rows.indexOf('\u0002', middle)
    const key = rows.slice(from, middle)
    index.push(document, at, writer.length)
    const value = JSON.parse(key) as JsonValue
    if (collation === 'raw') writeRawKey(value, writer)
    else writeViewKey(value, writer)
    index.push(writer.length)
    writer.append(encodeRowValue(key, rows.slice(middle + 1, end)))
    index.push(writer.length)
    from = end + 1
  }
}
