import test from 'ava'
import { readFileSync } from 'node:fs'
import { columnValue, CONVERTED_TYPES, DecimalRoom } from '../../../protocol/streams/column-values.ts'
import { parseExact, printExact } from '../../../protocol/streams/exact-json.ts'
import { parseSchema } from '../../../protocol/streams/schema.ts'

/** Each type with its schema besides the name, a value of an event, and the member that it becomes. */
const CASES: readonly (readonly [type: string, schema: object, value: string, member: string])[] = [
  ['int8', { type: 'int8' }, '-128', '-128'],
  ['int16', { type: 'int16' }, '32767', '32767'],
  ['int32', { type: 'int32' }, '-2147483648', '-2147483648'],
  ['int64', { type: 'int64' }, '9223372036854775807', '9223372036854775807'],
  ['float', { type: 'float' }, '1.5', '1.5'],
  ['double', { type: 'double' }, '"NaN"', '"NaN"'],
  ['boolean', { type: 'boolean' }, 'true', 'true'],
  ['string', { type: 'string' }, '"Ann\\u00e9 \\"x\\""', '"Anné \\"x\\""'],
  ['bytes', { type: 'bytes' }, '"AQID"', '"AQID"'],
  [
    'array',
    { type: 'array', items: { type: 'int32', name: 'io.debezium.time.Date' } },
    '[19844,null]',
    '["2024-05-01",null]',
  ],
  ['map', { type: 'map', keys: { type: 'string' }, values: { type: 'string' } }, '{"a":"1"}', '{"a":"1"}'],
  [
    'struct',
    { type: 'struct', fields: [{ field: 'day', type: 'int32', name: 'io.debezium.time.Date' }] },
    '{"day":19844}',
    '{"day":"2024-05-01"}',
  ],
  ['org.apache.kafka.connect.data.Decimal', { parameters: { scale: '2' } }, '"BNI="', '"12.34"'],
  ['org.apache.kafka.connect.data.Decimal', { parameters: { scale: '2' } }, '"+zI="', '"-12.30"'],
  [
    'org.apache.kafka.connect.data.Decimal',
    { parameters: { scale: '0' } },
    '"AQAAAAAAAAAA"',
    '"18446744073709551616"',
  ],
  ['org.apache.kafka.connect.data.Decimal', { parameters: { scale: '3' } }, '"AQ=="', '"0.001"'],
  ['io.debezium.data.VariableScaleDecimal', {}, '{"scale":1,"value":"ew=="}', '"12.3"'],
  ['io.debezium.data.VariableScaleDecimal', {}, '{"scale":-2,"value":"ew=="}', '"12300"'],
  ['org.apache.kafka.connect.data.Date', {}, '19844', '"2024-05-01"'],
  ['org.apache.kafka.connect.data.Time', {}, '45296789', '"12:34:56.789"'],
  ['org.apache.kafka.connect.data.Timestamp', {}, '1714566896789', '"2024-05-01T12:34:56.789Z"'],
  ['io.debezium.time.Date', {}, '-1', '"1969-12-31"'],
  ['io.debezium.time.Date', {}, '-719529', '"-000001-12-31"'],
  ['io.debezium.time.Date', {}, '11016', '"2000-02-29"'],
  ['io.debezium.time.Date', {}, '2932897', '"+010000-01-01"'],
  ['io.debezium.time.Time', {}, '45296000', '"12:34:56"'],
  ['io.debezium.time.MicroTime', {}, '45296789012', '"12:34:56.789012"'],
  ['io.debezium.time.NanoTime', {}, '45296789012345', '"12:34:56.789012345"'],
  ['io.debezium.time.Timestamp', {}, '1714566896789', '"2024-05-01T12:34:56.789Z"'],
  ['io.debezium.time.Timestamp', {}, '-1', '"1969-12-31T23:59:59.999Z"'],
  ['io.debezium.time.MicroTimestamp', {}, '1714566896789012', '"2024-05-01T12:34:56.789012Z"'],
  ['io.debezium.time.NanoTimestamp', {}, '1714566896789012345', '"2024-05-01T12:34:56.789012345Z"'],
  ['io.debezium.time.ZonedTime', {}, '"12:34:56.500+02:00"', '"12:34:56.5+02:00"'],
  ['io.debezium.time.ZonedTime', {}, '"12:34Z"', '"12:34:00Z"'],
  ['io.debezium.time.ZonedTimestamp', {}, '"2024-05-01T12:34:56.500000Z"', '"2024-05-01T12:34:56.5Z"'],
  ['io.debezium.time.IsoDate', {}, '"2024-05-01Z"', '"2024-05-01"'],
  ['io.debezium.time.IsoTime', {}, '"12:34:56.500Z"', '"12:34:56.5"'],
  ['io.debezium.time.IsoTimestamp', {}, '"2024-05-01T12:34:56.500Z"', '"2024-05-01T12:34:56.5Z"'],
  ['io.debezium.time.Year', { type: 'int32' }, '2024', '2024'],
  ['io.debezium.time.MicroDuration', {}, '3661500000', '"PT3661.5S"'],
  ['io.debezium.time.NanoDuration', {}, '-1500000000', '"-PT1.5S"'],
  ['io.debezium.time.Interval', { type: 'string' }, '"P1Y2M3DT4H5M6.78S"', '"P1Y2M3DT4H5M6.78S"'],
  [
    'io.debezium.data.Json',
    { type: 'string' },
    '"{\\"n\\": 1.0, \\"b\\": 9007199254740993}"',
    '{"n":1.0,"b":9007199254740993}',
  ],
  [
    'io.debezium.data.Uuid',
    { type: 'string' },
    '"5a1b7e0e-0000-4000-8000-000000000000"',
    '"5a1b7e0e-0000-4000-8000-000000000000"',
  ],
  ['io.debezium.data.Enum', { type: 'string' }, '"small"', '"small"'],
  ['io.debezium.data.EnumSet', { type: 'string' }, '"a,b"', '"a,b"'],
  ['io.debezium.data.Xml', { type: 'string' }, '"<a/>"', '"<a/>"'],
  ['io.debezium.data.Bits', { type: 'bytes' }, '"Bw=="', '"Bw=="'],
  ['io.debezium.data.Ltree', { type: 'string' }, '"a.b"', '"a.b"'],
  ['io.debezium.data.Tsvector', { type: 'string' }, '"\'a\':1"', '"\'a\':1"'],
  ['io.debezium.data.DoubleVector', { type: 'array', items: { type: 'double' } }, '[0.5,1.5]', '[0.5,1.5]'],
  ['io.debezium.data.FloatVector', { type: 'array', items: { type: 'float' } }, '[0.5,1.5]', '[0.5,1.5]'],
  [
    'io.debezium.data.SparseDoubleVector',
    { type: 'struct' },
    '{"dimensions":9,"vector":{"2":0.5}}',
    '{"dimensions":9,"vector":{"2":0.5}}',
  ],
  [
    'io.debezium.data.geometry.Point',
    { type: 'struct' },
    '{"x":1.0,"y":2.0,"wkb":"AQ==","srid":null}',
    '{"x":1.0,"y":2.0,"wkb":"AQ==","srid":null}',
  ],
  [
    'io.debezium.data.geometry.Geometry',
    { type: 'struct' },
    '{"wkb":"AQ==","srid":4326}',
    '{"wkb":"AQ==","srid":4326}',
  ],
  [
    'io.debezium.data.geometry.Geography',
    { type: 'struct' },
    '{"wkb":"AQ==","srid":4326}',
    '{"wkb":"AQ==","srid":4326}',
  ],
]

/** Types of Kafka Connect, which need no name. */
const isPlain = (type: string): boolean => !type.includes('.')

for (const [index, [type, schema, value, member]] of CASES.entries()) {
  test(`P3: ${index + 1}. ${type}: ${value} becomes ${member}`, t => {
    const described = { ...schema, ...(isPlain(type) ? {} : { name: type }) }
    const parsed = parseSchema(parseExact(Buffer.from(JSON.stringify(described))))
    t.is(printExact(columnValue(parseExact(Buffer.from(value)), parsed)), member)
  })
}

test('the table of types in docs/streams.md has the types that are tested, and no others', t => {
  const text = readFileSync('docs/streams.md', 'utf8')
  const table = text
    .slice(text.indexOf('### Types of columns'))
    .split('\n')
    .filter(line => line.startsWith('| `'))
  const documented = table.flatMap(row =>
    Array.from(row.split('|')[1]!.matchAll(/`([^`]+)`/g), ([, type]) => type!),
  )
  const tested = new Set(CASES.map(([type]) => type))
  t.deepEqual([...documented].sort(), [...tested].sort())
  for (const type of CONVERTED_TYPES) t.true(tested.has(type), type)
})

test('a value that is not of its type is refused, with the type', t => {
  const refused: readonly (readonly [object, string])[] = [
    [{ type: 'int64' }, '"12"'],
    [{ type: 'int32' }, '1.5'],
    [{ type: 'boolean' }, '1'],
    [{ type: 'bytes' }, '[1]'],
    [{ type: 'string' }, '{}'],
    [{ type: 'int32', name: 'io.debezium.time.Date' }, '"2024"'],
    [{ type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal' }, '"!"'],
    [{ type: 'struct', name: 'io.debezium.data.VariableScaleDecimal' }, '{"value":"AQ=="}'],
    [{ type: 'string', name: 'io.debezium.data.Json' }, '"{"'],
    [{ type: 'string', name: 'io.debezium.time.ZonedTimestamp' }, '1'],
  ]
  for (const [schema, value] of refused) {
    const parsed = parseSchema(parseExact(Buffer.from(JSON.stringify(schema))))
    const error = t.throws(() => columnValue(parseExact(Buffer.from(value)), parsed))
    t.regex(error.message, /^schema_mismatch: .* is no value of the type/)
  }
})

test('events that are read together have room for so many decimals of a large scale', t => {
  const decimal = {
    type: 'bytes',
    name: 'org.apache.kafka.connect.data.Decimal',
    parameters: { scale: '20000' },
  }
  const schema = parseSchema(parseExact(Buffer.from(JSON.stringify({ type: 'array', items: decimal }))))
  const values = (count: number) => parseExact(Buffer.from(JSON.stringify(Array(count).fill('AQ=='))))
  const room = new DecimalRoom()
  t.true((columnValue(values(500), schema, room) as string[])[499] === `0.${'0'.repeat(19_999)}1`)
  const error = t.throws(() => columnValue(values(500), schema, room))
  t.is(error.message, 'schema_mismatch: too many decimals of a large scale')
  t.throws(() => columnValue(`A${'/'.repeat(1_000_003)}`, schema!.items), {
    message: /is no value of the type/,
  })
  const zoned = parseSchema(parseExact(Buffer.from('{"name":"io.debezium.time.ZonedTime"}')))
  const fraction = `${'0'.repeat(1_000_000)}1`
  t.true(columnValue(`10:00:00.${fraction}Z`, zoned) === `10:00:00.${fraction}Z`)
})
