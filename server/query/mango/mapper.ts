import { bufferOf } from '../../../protocol/bytes.ts'
import { KeyWriter } from '../../../protocol/collation/key-writer.ts'
import { writeViewKey } from '../../../protocol/collation/view-key.ts'
import { decodeValue } from '../../../protocol/json/decode-value.ts'
import { FieldLocator } from '../../../protocol/json/field-locator.ts'
import { isJsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { partitionOf } from '../../../protocol/partition.ts'
import { pathsOf } from '../../../protocol/selector/field-path.ts'
import { DEFAULT_STEP_LIMIT, type Suspended } from '../../../protocol/selector/pattern-matches.ts'
import { compileSelector } from '../../../protocol/selector/selector.ts'
import { selectorFieldsReader, documentText, type DocumentContent } from '../document-content.ts'
import { settled } from '../../concurrency/settled.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import { ORDINAL_BYTES, rowId, rowKeyText, writeRowValue } from '../../../protocol/view-row.ts'
import { unlessTooDeep, type OnSkip } from '../skip-unusable.ts'
import type { PackedRows } from '../../sandbox/messages.ts'
import type { ChangedDocument } from '../views/index/changed-documents.ts'
import type { IndexDefinition } from '../views/definition.ts'
import type { IndexKeys } from '../views/row-key.ts'
import type { MapDocuments } from '../views/index/view-index.ts'
import { partialFilterOf } from './mango-index.ts'

/** The JSON texts of the fields of an index, or undefined for documents that are not in it. */
export type MangoKey = (
  document: DocumentContent,
  slice: TimeSlice,
) => string[] | undefined | Promise<string[] | undefined>

/** Indexes documents that have all fields, and that the partial filter selects. */
export function mangoKey(map: JsonValue): MangoKey {
  const definition = isJsonObject(map) ? map : {}
  const fields = isJsonObject(definition.fields) ? Object.keys(definition.fields) : []
  const isSelected = partialFilter(partialFilterOf(definition) ?? {})
  const fieldsOf = fieldTexts(pathsOf(fields))
  return (document, slice) => {
    const verdict = isSelected(document)
    if (typeof verdict === 'boolean') return verdict ? fieldsOf(document) : undefined
    return settled(verdict, slice).then(found => (found ? fieldsOf(document) : undefined))
  }
}

/** The steps of its patterns are counted for each document: an index is built however many there are. */
function partialFilter(selector: JsonValue): (document: DocumentContent) => boolean | Suspended {
  const filter = compileSelector(selector)
  if (Object.keys(filter.normalized).length === 0) return () => true
  const read = selectorFieldsReader(filter.normalized)
  return document => {
    filter.limitSteps(DEFAULT_STEP_LIMIT)
    return filter.matches(read(document))
  }
}

/** Fields are found in the body as it is stored; for metadata the whole document is put together. */
function fieldTexts(
  paths: readonly (readonly string[])[],
): (document: DocumentContent) => string[] | undefined {
  const locator = new FieldLocator(paths)
  const seesMetadata = paths.some(([first]) => first?.startsWith('_') === true)
  return document => {
    const json = seesMetadata ? documentText(document) : document.body
    locator.locate(json)
    if (locator.starts.includes(-1)) return undefined
    const text = bufferOf(json)
    return paths.map((_, index) => text.toString('utf8', locator.starts[index], locator.ends[index]))
  }
}

/** Makes rows of documents without the sandbox: an index's definition has no code. */
export function mangoMapper(definition: IndexDefinition, onSkip: OnSkip = () => undefined): MapDocuments {
  const views = definition.views.map(({ map }) => mangoKey(map))
  const { partitioned } = definition
  return (documents, keys) => packEntries(documents, views, { keys, partitioned, onSkip })
}

async function packEntries(
  documents: readonly ChangedDocument[],
  views: readonly MangoKey[],
  { keys, partitioned, onSkip }: { keys: IndexKeys; partitioned: boolean; onSkip: OnSkip },
): Promise<PackedRows> {
  const slice = new TimeSlice()
  const out = new KeyWriter()
  const index: number[] = []
  for (const [i, { id, content }] of documents.entries()) {
    if (content === undefined) continue
    for (const [view, keyOf] of views.entries()) {
      const skip = (error: RangeError): void => onSkip(id, error)
      const found = unlessTooDeep(() => keyOf(content, slice), skip)
      const key = found instanceof Promise ? await found : found
      if (key === undefined) continue
      const start = out.length
      const written = unlessTooDeep(() => {
        out.append(keys.rowPrefix)
        out.byte(view >> 8)
        out.byte(view & 255)
        writeEntryKey({ id, key: key.map(decodeValue), partitioned }, out)
        return true
      }, skip)
      if (written === undefined) {
        out.length = start
        continue
      }
      index.push(i, view, start, out.length)
      writeRowValue(JSON.stringify(id), `[${key.join()}]`, 'null', out)
      index.push(out.length)
      if (slice.isOver) await slice.pause()
    }
  }
  return { bytes: out.take(), index: Uint32Array.from(index) }
}

function writeEntryKey(
  { id, key, partitioned }: { id: string; key: JsonValue; partitioned: boolean },
  out: KeyWriter,
): void {
  if (partitioned) writeViewKey(partitionOf(id) ?? '', out)
  writeViewKey(key, out)
  out.append(Buffer.from(id))
  for (let i = 0; i < ORDINAL_BYTES; i++) out.byte(0)
}

/** Computes the row key of an entry from its record; a query needs only that of the last. */
export function entryKey(row: Uint8Array, partitioned: boolean): Uint8Array {
  const out = new KeyWriter()
  writeEntryKey({ id: rowId(row), key: JSON.parse(rowKeyText(row)) as JsonValue, partitioned }, out)
  return out.take()
}
