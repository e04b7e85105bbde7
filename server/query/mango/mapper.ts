import { ByteWriter } from '../../../protocol/collation/byte-writer.ts'
import { writeViewKey } from '../../../protocol/collation/view-key.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { lookUp, parseFieldPath } from '../../../protocol/selector/field-path.ts'
import { compileSelector } from '../../../protocol/selector/selector.ts'
import { encodeRowValue } from '../row-value.ts'
import type { PackedRows } from '../sandbox/messages.ts'
import type { ChangedDocument } from '../views/changed-documents.ts'
import type { IndexDefinition } from '../views/definition.ts'
import { ORDINAL_BYTES, type IndexKeys } from '../views/row-key.ts'
import type { MapDocuments } from '../views/view-index.ts'

/** The entries of an index for a document: its key, or undefined where it is not in the index. */
export type MangoKey = (document: JsonObject) => JsonValue[] | undefined

/** Indexes documents that have all fields, and that the partial filter selects. */
export function mangoKey(map: JsonValue): MangoKey {
  const definition = isJsonObject(map) ? map : {}
  const fields = isJsonObject(definition.fields) ? Object.keys(definition.fields) : []
  const paths = fields.map(parseFieldPath)
  const filter = compileSelector(definition.partial_filter_selector ?? {})
  return document => {
    if (!filter.matches(document)) return undefined
    const key: JsonValue[] = []
    for (const path of paths) {
      const found = lookUp(document, path)
      if (!('value' in found)) return undefined
      key.push(found.value)
    }
    return key
  }
}

/** Makes rows of documents without the sandbox: an index's definition has no code. */
export function mangoMapper(definition: IndexDefinition): MapDocuments {
  const views = definition.views.map(({ map }) => mangoKey(map))
  const { partitioned } = definition
  return (documents, keys) => Promise.resolve(packEntries(documents, views, { keys, partitioned }))
}

function packEntries(
  documents: readonly ChangedDocument[],
  views: readonly MangoKey[],
  { keys, partitioned }: { keys: IndexKeys; partitioned: boolean },
): PackedRows {
  const out = new ByteWriter()
  const index: number[] = []
  for (const [at, { id, json }] of documents.entries()) {
    if (json === undefined) continue
    const document = JSON.parse(json) as JsonObject
    for (const [view, keyOf] of views.entries()) {
      const key = keyOf(document)
      if (key === undefined) continue
      index.push(at, view, out.length)
      out.append(keys.rowPrefix)
      out.byte(view >> 8)
      out.byte(view & 255)
      if (partitioned) writeViewKey(id.slice(0, id.indexOf(':')), out)
      writeViewKey(key, out)
      out.append(Buffer.from(id))
      for (let i = 0; i < ORDINAL_BYTES; i++) out.byte(0)
      index.push(out.length)
      out.append(encodeRowValue(JSON.stringify(id), JSON.stringify(key), 'null'))
      index.push(out.length)
    }
  }
  return { bytes: out.take(), index: Uint32Array.from(index) }
}
