import { BadEvent } from './bad-event.ts'
import { decimalText } from './decimals.ts'
import {
  ExactNumber,
  type ExactObject,
  type ExactValue,
  integerOf,
  isExactObject,
  parseExact,
} from './exact-json.ts'
import type { ConnectSchema } from './schema.ts'
import { dateText, durationText, localText, timestampText, timeText, zonedText } from './times.ts'

type Conversion = (value: ExactValue, schema: ConnectSchema, room: DecimalRoom) => ExactValue

/**
 * Logical types and the values that documents get for them. Types that are not here come as they are: UUIDs, enums, XML,
 * ltree, vectors, geometry. The table in docs/streams.md names them all.
 */
const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map(
  Object.entries<Conversion>({
    'io.debezium.time.Date': whole(dateText),
    'io.debezium.time.Time': whole(amount => timeText(amount, 'milliseconds')),
    'io.debezium.time.MicroTime': whole(amount => timeText(amount, 'microseconds')),
    'io.debezium.time.NanoTime': whole(amount => timeText(amount, 'nanoseconds')),
    'io.debezium.time.Timestamp': whole(amount => timestampText(amount, 'milliseconds')),
    'io.debezium.time.MicroTimestamp': whole(amount => timestampText(amount, 'microseconds')),
    'io.debezium.time.NanoTimestamp': whole(amount => timestampText(amount, 'nanoseconds')),
    'io.debezium.time.ZonedTime': text(zonedText),
    'io.debezium.time.ZonedTimestamp': text(zonedText),
    'io.debezium.time.IsoDate': text(value => value.replace(/Z$/, '')),
    'io.debezium.time.IsoTime': text(value => localText(value.replace(/Z$/, ''))),
    'io.debezium.time.IsoTimestamp': text(value => zonedText(/Z$/.test(value) ? value : `${value}Z`)),
    'io.debezium.time.MicroDuration': whole(amount => durationText(amount, 'microseconds')),
    'io.debezium.time.NanoDuration': whole(amount => durationText(amount, 'nanoseconds')),
    'org.apache.kafka.connect.data.Date': whole(dateText),
    'org.apache.kafka.connect.data.Time': whole(amount => timeText(amount, 'milliseconds')),
    'org.apache.kafka.connect.data.Timestamp': whole(amount => timestampText(amount, 'milliseconds')),
    'org.apache.kafka.connect.data.Decimal': decimal,
    'io.debezium.data.VariableScaleDecimal': variableScaleDecimal,
    'io.debezium.data.Json': json,
  }),
)

/** Names of the logical types that are converted. */
export const CONVERTED_TYPES: readonly string[] = [...CONVERSIONS.keys()]

/**
 * Returns the value of a column as documents have it.
 *
 * @throws BadEvent `schema_mismatch` where the value is not of its type
 */
export function columnValue(
  value: ExactValue,
  schema: ConnectSchema | undefined,
  room = new DecimalRoom(),
): ExactValue {
  if (value === null || schema === undefined) return value
  const convert = schema.name === undefined ? undefined : CONVERSIONS.get(schema.name)
  if (convert !== undefined) return convert(value, schema, room)
  checkScalar(value, schema)
  if (Array.isArray(value) && schema.items !== undefined)
    return value.map(item => columnValue(item, schema.items, room))
  return isExactObject(value) ? structValue(value, schema, room) : value
}

function structValue(value: ExactObject, schema: ConnectSchema, room: DecimalRoom): ExactValue {
  return new Map(
    [...value].map(([name, member]) => [
      name,
      columnValue(member, schema.fields.get(name) ?? schema.items, room),
    ]),
  )
}

const INTEGERS = new Set(['int8', 'int16', 'int32', 'int64'])

function checkScalar(value: ExactValue, schema: ConnectSchema): void {
  const { type } = schema
  const isInteger = value instanceof ExactNumber && /^-?\d+$/.test(value.text)
  if (INTEGERS.has(type) && !isInteger) throw mismatch(value, schema)
  if (type === 'boolean' && typeof value !== 'boolean') throw mismatch(value, schema)
  if ((type === 'string' || type === 'bytes') && typeof value !== 'string') throw mismatch(value, schema)
}

function whole(convert: (amount: bigint) => string): Conversion {
  return (value, schema) => {
    if (!(value instanceof ExactNumber) || !/^-?\d{1,30}$/.test(value.text)) throw mismatch(value, schema)
    return convert(BigInt(value.text))
  }
}

function text(convert: (text: string) => string): Conversion {
  return (value, schema) => {
    if (typeof value !== 'string') throw mismatch(value, schema)
    return convert(value)
  }
}

/** Scales beyond this are no decimals of any database. */
const MAX_SCALE = 20_000
/** Bytes of base64: more digits than any database has, and few enough to be printed at once. */
const MAX_UNSCALED_TEXT = 100_000
/** Decimals up to this length are not counted. */
const ORDINARY_DIGITS = 1000

/** Bounds the long decimals of events that are read together: a scale makes thousands of zeros of a few bytes. */
export class DecimalRoom {
  #characters = 16_000_000

  /** @throws BadEvent `schema_mismatch` where it is used up */
  take(scale: number): void {
    const digits = Math.abs(scale)
    if (digits > ORDINARY_DIGITS) this.#characters -= digits
    if (this.#characters < 0) throw new BadEvent('schema_mismatch', 'too many decimals of a large scale')
  }
}

/** In `decimal.format=NUMERIC` the converter writes a number, in Debezium's `decimal.handling.mode=string` text. */
function decimal(value: ExactValue, schema: ConnectSchema, room: DecimalRoom): ExactValue {
  if (value instanceof ExactNumber) return value.text
  const { scale = 0 } = schema
  if (Math.abs(scale) > MAX_SCALE) throw mismatch(value, schema)
  room.take(scale)
  return decimalText(unscaled(value, schema), scale)
}

function variableScaleDecimal(value: ExactValue, schema: ConnectSchema, room: DecimalRoom): ExactValue {
  if (!isExactObject(value)) throw mismatch(value, schema)
  const scale = integerOf(value.get('scale'))
  if (scale === undefined || Math.abs(scale) > MAX_SCALE) throw mismatch(value, schema)
  room.take(scale)
  return decimalText(unscaled(value.get('value') ?? null, schema), scale)
}

function json(value: ExactValue, schema: ConnectSchema): ExactValue {
  if (typeof value !== 'string') throw mismatch(value, schema)
  if (value === UNAVAILABLE) return value
  try {
    return parseExact(Buffer.from(value))
  } catch {
    throw mismatch(value, schema)
  }
}

function unscaled(value: ExactValue, schema: ConnectSchema): Buffer {
  if (typeof value !== 'string' || value.length > MAX_UNSCALED_TEXT) throw mismatch(value, schema)
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw mismatch(value, schema)
  return Buffer.from(value, 'base64')
}

function mismatch(value: ExactValue, { name, type }: ConnectSchema): BadEvent {
  const kind =
    value instanceof ExactNumber
      ? 'a number'
      : Array.isArray(value)
        ? 'an array'
        : value instanceof Map
          ? 'an object'
          : typeof value
  return new BadEvent('schema_mismatch', `${kind} is no value of the type ${name ?? type}`)
}

/** The text that stands for a value which PostgreSQL did not log, as it is stored outside its row (TOAST). */
export const UNAVAILABLE = '__debezium_unavailable_value'
const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE).toString('base64')

/** Returns whether a column's value stands for one that the database did not log, in any of the forms that Debezium writes. */
export function isUnavailable(value: ExactValue): boolean {
  if (typeof value === 'string') return value === UNAVAILABLE || value === UNAVAILABLE_BYTES
  if (Array.isArray(value)) return value.length === 1 && isUnavailable(value[0]!)
  return isExactObject(value) && value.size === 1 && value.has(UNAVAILABLE)
}
