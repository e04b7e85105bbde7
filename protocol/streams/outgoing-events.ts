import { isDesignId } from '../document-id.ts'
import { jsonString } from '../json/json-string.ts'
import { generationOf, parseRev, type Rev } from '../revision.ts'
import { contentDigest } from './content-digest.ts'
import {
  ExactNumber,
  type ExactObject,
  isExactObject,
  parseExact,
  printExact,
  type ExactValue,
} from './exact-json.ts'
import type { IdTemplate } from './id-template.ts'
import { columnName } from './row-changes.ts'
import type { StreamFormat } from './stream-endpoint.ts'

/** An event that a sink writes. */
export interface OutgoingEvent {
  readonly id: string
  readonly rev: Rev
  readonly key: string
  /** Null of a tombstone, which follows the event of a deletion. */
  readonly value: string | null
  /** Digest of the document's members, by which an echo is recognised; undefined of a deletion, and where none is expected. */
  readonly digest: string | undefined
}

/** Options of making events. */
export interface OutgoingOptions {
  readonly format: StreamFormat
  readonly schema: boolean
  readonly database: string
  /** True if the events come back, and so need digests. Default: false. */
  readonly expectsEcho?: boolean
  /** By which key columns are found in ids; without it the key is `_id`. */
  readonly template: IdTemplate | undefined
  /** Types of key columns, as `string`. */
  readonly keyTypes: ReadonlyMap<string, string>
  /** Hides values of the document. */
  readonly mask?:
    { readonly counts: readonly number[]; apply(document: ExactObject): ExactObject } | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Returns the events of a revision: one, or for a deletion in Debezium's format a tombstone behind it. Design documents are
 * no rows: in the formats of rows they make no event.
 *
 * @param json the document with `_id` and `_rev` or `_revisions`
 */
export function outgoingEvents(json: Uint8Array, options: OutgoingOptions): OutgoingEvent[] {
  const whole = parseExact(json)
  if (!isExactObject(whole)) return []
  const document = options.mask?.apply(whole) ?? whole
  const id = document.get('_id')
  if (typeof id !== 'string') return []
  const isRow = options.format !== 'document'
  if (isRow && isDesignId(id)) return []
  const rev = revisionOf(document)
  const deleted = document.get('_deleted') === true
  const isCompared = options.expectsEcho === true && !deleted
  const about = { id, rev, digest: isCompared ? contentDigest(membersOf(document)) : undefined }
  if (!isRow) return [{ ...about, key: id, value: changesRow(id, rev, deleted, document) }]
  const columns = columnsOf(document)
  const key = keyOf(id, columns, options)
  const event = { id, rev, deleted, key, columns: deleted ? new Map(key) : behind(key, columns) }
  const keyText = withSchema(printExact(key), key, 'Key', options)
  if (options.format === 'cloudevents') return [{ ...about, key: keyText, value: cloudEvent(event, options) }]
  const value = { ...about, key: keyText, value: envelope(event, options) }
  return deleted ? [value, { ...about, key: keyText, value: null }] : [value]
}

interface RowVersion {
  readonly id: string
  readonly rev: Rev
  readonly deleted: boolean
  readonly columns: ExactObject
}

function revisionOf(document: ExactObject): Rev {
  const revisions = document.get('_revisions')
  if (isExactObject(revisions)) {
    const [start, ids] = [revisions.get('start'), revisions.get('ids')]
    const newest = Array.isArray(ids) ? ids[0] : undefined
    if (start instanceof ExactNumber && typeof newest === 'string') return parseRev(`${start.text}-${newest}`)
  }
  return parseRev(document.get('_rev'))
}

function membersOf(document: ExactObject, nameOf = (name: string) => name): ExactObject {
  const members: ExactObject = new Map()
  document.forEach((value, name) => {
    if (!name.startsWith('_')) members.set(nameOf(name), value)
  })
  return members
}

function columnsOf(document: ExactObject): ExactObject {
  return membersOf(document, columnName)
}

/** Returns the columns of a row, those of the key first; as they are, if it has none of its own. */
function behind(key: ExactObject, columns: ExactObject): ExactObject {
  if ([...key.keys()].every(name => columns.has(name))) return columns
  return new Map([...key, ...columns])
}

/** Of a live document the key columns are its members; of a deleted one they are in its id alone. */
function keyOf(id: string, columns: ExactObject, { template, keyTypes }: OutgoingOptions): ExactObject {
  if (template === undefined) return new Map([['_id', id]])
  const values = valuesIn(id, template)
  const names = template.parts.flatMap(part => ('column' in part ? [part.column] : []))
  if (values === undefined) return new Map([['_id', id]])
  return new Map(
    names.map((name, index) => [name, columns.get(name) ?? keyValue(values[index]!, keyTypes.get(name))]),
  )
}

function keyValue(text: string, type: string | undefined): ExactValue {
  const isInteger = /^(?:0|-?[1-9]\d{0,17})$/.test(text)
  return isInteger && type !== 'string' ? new ExactNumber(text) : text
}

/**
 * Returns the values of which a template makes an id, the first ones as short as they can be; undefined where it makes none like it.
 * A pattern would try all lengths of several columns together.
 */
function valuesIn(id: string, { parts }: IdTemplate): string[] | undefined {
  const values: string[] = []
  let at = 0
  for (const [index, part] of parts.entries()) {
    const end = 'literal' in part ? at + part.literal.length : endOfValue(id, at, parts.slice(index + 1))
    if ('literal' in part ? !id.startsWith(part.literal, at) : end <= at) return undefined
    if ('column' in part) values.push(id.slice(at, end))
    at = end
  }
  return at === id.length ? values : undefined
}

/** The end of a column's value, before the text that follows it; -1 where that does not come. */
function endOfValue(id: string, at: number, following: IdTemplate['parts']): number {
  const columns = following.findIndex(part => 'column' in part)
  const text = following
    .slice(0, columns < 0 ? undefined : columns)
    .map(part => ('literal' in part ? part.literal : ''))
    .join('')
  if (columns < 0) return id.length - text.length
  return text === '' ? at + 1 : id.indexOf(text, at + 1)
}

function changesRow(id: string, rev: Rev, deleted: boolean, document: ExactObject): string {
  const doc: ExactObject = new Map<string, ExactValue>([
    ['_id', id],
    ['_rev', rev],
  ])
  document.forEach((value, name) => {
    if (name !== '_id' && name !== '_rev') doc.set(name, value)
  })
  const members = [`"id":${jsonString(id)}`, `"changes":[{"rev":"${rev}"}]`]
  return `{${[...members, ...(deleted ? ['"deleted":true'] : []), `"doc":${printExact(doc)}`].join(',')}}`
}

function operationOf({ deleted, rev }: RowVersion): 'c' | 'u' | 'd' {
  return deleted ? 'd' : generationOf(rev) === 1 ? 'c' : 'u'
}

function envelope(event: RowVersion, options: OutgoingOptions): string {
  const row = printExact(rowValue(event.columns, options))
  const [before, after] = event.deleted ? [row, 'null'] : ['null', row]
  const source = `{"version":"1","connector":"couchette","name":"couchette","ts_ms":${options.now},"snapshot":"false","db":${jsonString(options.database)},"table":${jsonString(options.database)},"rev":"${event.rev}"}`
  const payload = `{"before":${before},"after":${after},"source":${source},"op":"${operationOf(event)}","ts_ms":${options.now}}`
  if (!options.schema) return payload
  const rowFields = fieldsOf(event.columns)
  const fields = [
    { type: 'struct', fields: rowFields, optional: true, name: 'couchette.Value', field: 'before' },
    { type: 'struct', fields: rowFields, optional: true, name: 'couchette.Value', field: 'after' },
    { type: 'struct', fields: SOURCE_FIELDS, optional: false, name: 'couchette.Source', field: 'source' },
    { type: 'string', optional: false, field: 'op' },
    { type: 'int64', optional: true, field: 'ts_ms' },
  ]
  const schema = { type: 'struct', fields, optional: false, name: 'couchette.Envelope', version: 2 }
  return `{"schema":${JSON.stringify(schema)},"payload":${payload}}`
}

const SOURCE_FIELDS = [
  ...['version', 'connector', 'name'].map(field => ({ type: 'string', optional: false, field })),
  { type: 'int64', optional: false, field: 'ts_ms' },
  ...['snapshot', 'db', 'table', 'rev'].map(field => ({ type: 'string', optional: true, field })),
]

function cloudEvent(event: RowVersion, options: OutgoingOptions): string {
  const row = printExact(rowValue(event.columns, options))
  const data = event.deleted ? `{"before":${row},"after":null}` : `{"before":null,"after":${row}}`
  const attributes = {
    id: `${event.id}:${event.rev}`,
    source: `/couchette/${options.database}`,
    specversion: '1.0',
    type: 'io.debezium.connector.couchette.DataChangeEvent',
    time: new Date(options.now).toISOString(),
    datacontenttype: 'application/json',
    iodebeziumop: operationOf(event),
    iodebeziumconnector: 'couchette',
    iodebeziumname: 'couchette',
    iodebeziumdb: options.database,
    iodebeziumtable: options.database,
  }
  return `${JSON.stringify(attributes).slice(0, -1)},"data":${data}}`
}

/** With a schema, values that are no scalars are JSON text: a table has columns for these. */
function rowValue(columns: ExactObject, { schema }: OutgoingOptions): ExactObject {
  if (!schema) return columns
  return new Map([...columns].map(([name, value]) => [name, isContainer(value) ? printExact(value) : value]))
}

function withSchema(json: string, columns: ExactObject, name: string, { schema }: OutgoingOptions): string {
  if (!schema) return json
  const described = { type: 'struct', fields: fieldsOf(columns), optional: false, name: `couchette.${name}` }
  return `{"schema":${JSON.stringify(described)},"payload":${json}}`
}

function fieldsOf(columns: ExactObject): object[] {
  return [...columns].map(([field, value]) => ({ ...typeOf(value), optional: true, field }))
}

function typeOf(value: ExactValue): object {
  if (typeof value === 'boolean') return { type: 'boolean' }
  if (value instanceof ExactNumber) return { type: /^-?\d+$/.test(value.text) ? 'int64' : 'double' }
  return isContainer(value)
    ? { type: 'string', name: 'io.debezium.data.Json', version: 1 }
    : { type: 'string' }
}

function isContainer(value: ExactValue): boolean {
  return Array.isArray(value) || isExactObject(value)
}
