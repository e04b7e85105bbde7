import { type ExactObject, integerOf, isExactObject, type ExactValue } from './exact-json.ts'

/** A schema of Kafka Connect, as its JSON converter writes it. */
export interface ConnectSchema {
  /** `int8` … `int64`, `float`, `double`, `boolean`, `string`, `bytes`, `array`, `map`, `struct`; empty if unknown. */
  readonly type: string
  /** The logical type, such as `io.debezium.time.Timestamp`. */
  readonly name: string | undefined
  /** Of `org.apache.kafka.connect.data.Decimal`. */
  readonly scale: number | undefined
  readonly fields: ReadonlyMap<string, ConnectSchema>
  /** Of an array or the values of a map. */
  readonly items: ConnectSchema | undefined
}

/** Schemas of messages, which many messages share. */
const parsed = new WeakMap<ExactObject, ConnectSchema>()

/** Reads a schema; what is malformed in it is left out, so that values without a known type come as they are. */
export function parseSchema(value: ExactValue | undefined): ConnectSchema | undefined {
  if (!isExactObject(value)) return undefined
  let schema = parsed.get(value)
  if (schema === undefined) parsed.set(value, (schema = readSchema(value)))
  return schema
}

function readSchema(value: ExactObject): ConnectSchema {
  return {
    type: textOf(value.get('type')) ?? '',
    name: textOf(value.get('name')),
    scale: scaleOf(value.get('parameters')),
    fields: fieldsOf(value.get('fields')),
    items: parseSchema(value.get('items') ?? value.get('values')),
  }
}

const HINT = /^([\w.]+)(?:\((-?\d+)\))?$/

/** Reads a hint of a column's type: "io.debezium.time.Timestamp", "org.apache.kafka.connect.data.Decimal(2)". */
export function parseTypeHint(text: string): ConnectSchema | undefined {
  const [, name, scale] = HINT.exec(text) ?? []
  if (name === undefined) return undefined
  return {
    type: '',
    name,
    scale: scale === undefined ? undefined : Number(scale),
    fields: new Map(),
    items: undefined,
  }
}

function fieldsOf(value: ExactValue | undefined): Map<string, ConnectSchema> {
  const fields = new Map<string, ConnectSchema>()
  for (const field of Array.isArray(value) ? value : []) {
    const name = isExactObject(field) ? textOf(field.get('field')) : undefined
    const schema = parseSchema(field)
    if (name !== undefined && schema !== undefined) fields.set(name, schema)
  }
  return fields
}

function scaleOf(parameters: ExactValue | undefined): number | undefined {
  if (!isExactObject(parameters)) return undefined
  const scale = parameters.get('scale')
  return typeof scale === 'string' && /^-?\d+$/.test(scale) ? Number(scale) : integerOf(scale)
}

function textOf(value: ExactValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
