import { BadEvent } from './bad-event.ts'
import { type EventSource, parseEventSource } from './event-source.ts'
import { ExactNumber, type ExactObject, isExactObject, type ExactValue } from './exact-json.ts'
import { parseMessage } from './schema-prefixes.ts'
import { type ConnectSchema, parseSchema } from './schema.ts'

/** A row before or after a change, with the types of its columns where the event has a schema. */
export interface EventRow {
  readonly columns: ExactObject
  readonly schema: ConnectSchema | undefined
}

/** An event of a stream as it comes: the bytes of a message. */
export interface RawEvent {
  readonly key?: ExactValue
  readonly value: ExactValue
}

/** Reasons for which an event makes no document. */
export type SkipReason = 'tombstone' | 'schema_change' | 'transaction' | 'heartbeat' | 'message'

export type StreamEvent =
  | {
      readonly kind: 'row'
      readonly operation: 'create' | 'update' | 'delete' | 'read'
      readonly key: EventRow | null
      readonly before: EventRow | null
      readonly after: EventRow | null
      /** A document of MongoDB as JSON text, and how it was changed. */
      readonly mongo: MongoChange | undefined
      readonly source: EventSource
    }
  | { readonly kind: 'truncate'; readonly source: EventSource }
  | { readonly kind: 'skip'; readonly reason: SkipReason }

export interface MongoChange {
  readonly after: string | null
  readonly before: string | null
  readonly updateDescription: ExactObject | null
}

const OPERATIONS = { c: 'create', u: 'update', d: 'delete', r: 'read' } as const

/** Parses the bytes of a message; an empty or missing value is a tombstone. @throws BadEvent `invalid_json` */
export function rawEvent(key: Uint8Array | null, value: Uint8Array | null): RawEvent {
  return {
    ...(key === null || key.length === 0 ? {} : { key: parseKey(key) }),
    value: value === null || value.length === 0 ? null : parseMessage(value),
  }
}

/** Beginnings of JSON: `{`, `[`, `"`, `-`, digits, space, `true`, `false`, `null`. */
const JSON_BEGINNING = /^[{["\-\d\s]|^(?:true|false|null)\b/

/** Keys may be plain text, which mostly does not begin as JSON does. */
function parseKey(key: Uint8Array): ExactValue {
  const beginning = Buffer.from(key.buffer, key.byteOffset, Math.min(key.length, 6)).toString('latin1')
  if (!JSON_BEGINNING.test(beginning)) return Buffer.from(key).toString()
  try {
    return parseMessage(key)
  } catch {
    return Buffer.from(key).toString()
  }
}

/**
 * Reads an event of Debezium: an envelope with or without its schema, or a CloudEvent.
 *
 * @throws BadEvent
 */
export function parseEvent({ key, value }: RawEvent): StreamEvent {
  if (value === null) return { kind: 'skip', reason: 'tombstone' }
  if (!isExactObject(value)) throw notAnEvent('is no JSON object')
  const rows = { key: keyRow(key) }
  if (value.has('specversion')) return parseCloudEvent(value, rows)
  const { payload, schema } = unwrap(value)
  if (payload === null) return { kind: 'skip', reason: 'tombstone' }
  return parsePayload(payload, schema, rows)
}

interface Keyed {
  readonly key: EventRow | null
}

function keyRow(key: ExactValue | undefined): EventRow | null {
  if (!isExactObject(key)) return null
  const { payload, schema } = unwrap(key)
  return payload === null ? null : { columns: payload, schema }
}

/** Takes `{"schema", "payload"}` apart; other values are payloads without a schema. */
function unwrap(value: ExactObject): { payload: ExactObject | null; schema: ConnectSchema | undefined } {
  if (value.size !== 2 || !value.has('schema') || !value.has('payload'))
    return { payload: value, schema: undefined }
  const payload = value.get('payload') ?? null
  if (payload !== null && !isExactObject(payload)) throw notAnEvent('has a payload that is no object')
  return { payload, schema: parseSchema(value.get('schema')) }
}

const ATTRIBUTE = 'iodebezium'

/** In a CloudEvent the operation and the source are attributes; their names have no other case than lower. */
function parseCloudEvent(event: ExactObject, rows: Keyed): StreamEvent {
  const attributes: ExactObject = new Map()
  for (const [name, value] of event) {
    if (!name.startsWith(ATTRIBUTE)) continue
    attributes.set(CLOUD_NAMES[name.slice(ATTRIBUTE.length)] ?? name.slice(ATTRIBUTE.length), value)
  }
  const data = event.get('data') ?? null
  if (data === null) return { kind: 'skip', reason: 'tombstone' }
  if (!isExactObject(data)) throw notAnEvent('is a CloudEvent whose data is no object')
  const { payload, schema } = unwrap(data)
  if (payload === null) return { kind: 'skip', reason: 'tombstone' }
  if (attributes.size === 0 && !payload.has('op'))
    throw notAnEvent('is a CloudEvent without attributes of Debezium')
  const source = payload.get('source') ?? attributes
  return parsePayload(
    new Map([...payload, ['source', source], ['op', payload.get('op') ?? attributes.get('op') ?? null]]),
    schema,
    rows,
  )
}

/** Attributes of CloudEvents consist of lower-case letters and digits alone. */
const CLOUD_NAMES: Readonly<Record<string, string>> = {
  changelsn: 'change_lsn',
  commitlsn: 'commit_lsn',
  eventserialno: 'event_serial_no',
  commitscn: 'commit_scn',
  tsms: 'ts_ms',
}

function parsePayload(payload: ExactObject, schema: ConnectSchema | undefined, { key }: Keyed): StreamEvent {
  const op = payload.get('op')
  if (op === undefined || op === null) return { kind: 'skip', reason: skipReason(payload) }
  if (op === 'm') return { kind: 'skip', reason: 'message' }
  const sourceObject = payload.get('source')
  if (!isExactObject(sourceObject)) throw notAnEvent('has no `source`')
  const source = parseEventSource(sourceObject)
  if (op === 't') return { kind: 'truncate', source }
  if (typeof op !== 'string' || !Object.hasOwn(OPERATIONS, op))
    throw new BadEvent(
      'unknown_operation',
      `${typeof op === 'string' ? JSON.stringify(op) : 'its `op`'} is no operation of Debezium`,
    )
  const operation = OPERATIONS[op as keyof typeof OPERATIONS]
  const mongo = mongoChange(payload, source)
  const before = mongo === undefined ? eventRow(payload, schema, 'before') : null
  const after = mongo === undefined ? eventRow(payload, schema, 'after') : null
  return checkRows({ kind: 'row', operation, key, before, after, mongo, source })
}

function checkRows(event: StreamEvent & { kind: 'row' }): StreamEvent {
  const { operation, after, mongo } = event
  const isPatch = mongo !== undefined && mongo.updateDescription !== null
  if (operation !== 'delete' && after === null && !isPatch && (mongo?.after ?? null) === null)
    throw notAnEvent(`is of the operation ${operation} and has no \`after\``)
  return event
}

function eventRow(
  payload: ExactObject,
  schema: ConnectSchema | undefined,
  name: 'before' | 'after',
): EventRow | null {
  const value = payload.get(name)
  if (value === undefined || value === null) return null
  if (!isExactObject(value)) throw new BadEvent('schema_mismatch', `\`${name}\` is no row`)
  return { columns: value, schema: schema?.fields.get(name) }
}

function mongoChange(payload: ExactObject, { connector }: EventSource): MongoChange | undefined {
  if (connector !== 'mongodb') return undefined
  const description = payload.get('updateDescription')
  return {
    after: jsonText(payload.get('after')),
    before: jsonText(payload.get('before')),
    updateDescription: isExactObject(description) ? description : null,
  }
}

function jsonText(value: ExactValue | undefined): string | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string')
    throw new BadEvent('schema_mismatch', 'a document of MongoDB is no JSON text')
  return value
}

/** @throws BadEvent for an object that is nothing that Debezium sends */
function skipReason(payload: ExactObject): SkipReason {
  if (payload.has('ddl') || payload.has('tableChanges')) return 'schema_change'
  const status = payload.get('status')
  if (payload.has('id') && (status === 'BEGIN' || status === 'END')) return 'transaction'
  if (payload.size === 1 && payload.get('ts_ms') instanceof ExactNumber) return 'heartbeat'
  throw notAnEvent('is no envelope of Debezium and no CloudEvent: it has no `op`')
}

function notAnEvent(problem: string): BadEvent {
  return new BadEvent('not_an_event', `the event ${problem}`)
}
