import test from 'ava'
import { BadEvent } from '../../../protocol/streams/bad-event.ts'
import { contentDigest } from '../../../protocol/streams/content-digest.ts'
import { parseEvent, rawEvent } from '../../../protocol/streams/envelope.ts'
import { isAtOrBefore } from '../../../protocol/streams/event-source.ts'
import { parseExact, printExact, type ExactObject } from '../../../protocol/streams/exact-json.ts'
import { parseIdTemplate } from '../../../protocol/streams/id-template.ts'
import { changedMembers, documentChanges } from '../../../protocol/streams/row-changes.ts'

const POSTGRESQL = {
  connector: 'postgresql',
  name: 'shop',
  db: 'inventory',
  schema: 'public',
  table: 'customers',
  lsn: 24023128,
  snapshot: 'false',
}
const MYSQL = {
  connector: 'mysql',
  name: 'shop',
  db: 'inventory',
  table: 'customers',
  file: 'mysql-bin.000003',
  pos: 484,
  row: 0,
  snapshot: 'false',
}
const SQLSERVER = {
  connector: 'sqlserver',
  name: 'shop',
  db: 'testDB',
  schema: 'dbo',
  table: 'customers',
  commit_lsn: '00000027:00000758:0005',
  change_lsn: '00000027:00000758:0003',
  event_serial_no: '2',
}
const ORACLE = {
  connector: 'oracle',
  name: 'shop',
  db: 'ORCLPDB1',
  schema: 'DEBEZIUM',
  table: 'CUSTOMERS',
  scn: '2122185',
  commit_scn: '2122192',
  ssn: 1,
}
const MONGODB = {
  connector: 'mongodb',
  name: 'shop',
  db: 'inventory',
  collection: 'customers',
  ts_ms: 1558965508000,
  ord: 31,
}

function changes(template: string, value: unknown, key: unknown = null, types = new Map()): unknown[] {
  const text = (json: unknown) => (json === null ? null : Buffer.from(JSON.stringify(json)))
  const event = parseEvent(rawEvent(text(key), text(value)))
  if (event.kind !== 'row') return [event]
  return documentChanges(event, { template: parseIdTemplate(template), types }).map(change => {
    if (change.kind === 'write') return { ...change, members: printExact(change.members) }
    return change.kind === 'patch' ? { ...change, set: printExact(change.set) } : change
  })
}

const write = (id: string, members: string, keep: string[] = []) => ({ kind: 'write', id, members, keep })

test('an envelope with its schema, as PostgreSQL sends a create', t => {
  const row = {
    type: 'struct',
    fields: [
      { type: 'int32', field: 'id' },
      { type: 'int32', name: 'io.debezium.time.Date', field: 'born' },
    ],
  }
  const schema = {
    type: 'struct',
    fields: [
      { ...row, field: 'before' },
      { ...row, field: 'after' },
      { type: 'struct', fields: [], field: 'source' },
      { type: 'string', field: 'op' },
    ],
  }
  const payload = {
    before: null,
    after: { id: 1, born: 19844 },
    source: POSTGRESQL,
    op: 'c',
    ts_ms: 1559033904863,
    transaction: null,
  }
  const key = { schema: { type: 'struct', fields: [{ type: 'int32', field: 'id' }] }, payload: { id: 1 } }
  t.deepEqual(changes('customer:{id}', { schema, payload }, key), [
    write('customer:1', '{"id":1,"born":"2024-05-01"}'),
  ])
})

test('MySQL, SQL Server and Oracle without a schema, ids of several columns', t => {
  for (const source of [MYSQL, SQLSERVER, ORACLE]) {
    const event = { before: { a: 1, b: 'x', c: 2 }, after: { a: 1, b: 'x', c: 3 }, source, op: 'u', ts_ms: 1 }
    t.deepEqual(changes('line:{a}:{b}', event), [write('line:1:x', '{"a":1,"b":"x","c":3}')])
  }
})

test('a CloudEvent has its operation and source in its attributes', t => {
  const event = {
    id: 'name:test_server;lsn:29274832;txId:565',
    source: '/debezium/postgresql/test_server',
    specversion: '1.0',
    type: 'io.debezium.postgresql.datachangeevent',
    datacontenttype: 'application/json',
    iodebeziumop: 'r',
    iodebeziumconnector: 'postgresql',
    iodebeziumname: 'test_server',
    iodebeziumdb: 'postgres',
    iodebeziumschema: 's1',
    iodebeziumtable: 'a',
    iodebeziumlsn: '29274832',
    iodebeziumsnapshot: 'true',
    data: { before: null, after: { pk: 1, name: 'Bob' } },
  }
  t.deepEqual(changes('a:{pk}', event), [write('a:1', '{"pk":1,"name":"Bob"}')])
  const parsed = parseEvent(rawEvent(null, Buffer.from(JSON.stringify(event))))
  t.like(parsed, {
    kind: 'row',
    operation: 'read',
    source: { name: 'postgresql:test_server:postgres.s1.a', position: ['29274832'], isSnapshot: true },
  })
})

test('a deletion takes its id from the key, or from the row before', t => {
  const event = { before: { id: 7 }, after: null, source: POSTGRESQL, op: 'd' }
  t.deepEqual(changes('c:{id}', event), [{ kind: 'delete', id: 'c:7' }])
  t.deepEqual(changes('c:{id}', { ...event, before: null }, { id: 8 }), [{ kind: 'delete', id: 'c:8' }])
})

test('a row whose id changed is a deletion and a creation', t => {
  const event = { before: { id: 7 }, after: { id: 9, n: 1 }, source: POSTGRESQL, op: 'u' }
  t.deepEqual(changes('c:{id}', event), [{ kind: 'delete', id: 'c:7' }, write('c:9', '{"id":9,"n":1}')])
})

test('columns that were not logged keep their present values, and members with "_" get a "$"', t => {
  const after = {
    id: 1,
    _rev: 'x',
    big: '__debezium_unavailable_value',
    list: ['__debezium_unavailable_value'],
    bin: Buffer.from('__debezium_unavailable_value').toString('base64'),
  }
  const event = { before: null, after, source: POSTGRESQL, op: 'u' }
  t.deepEqual(changes('c:{id}', event), [write('c:1', '{"id":1,"$_rev":"x"}', ['big', 'list', 'bin'])])
  const change = { kind: 'write', id: 'c:1', members: new Map([['id', 'n']]), keep: ['big'] } as const
  t.is(printExact(changedMembers(change, new Map([['big', 'text']]))), '{"id":"n","big":"text"}')
  t.throws(() => changedMembers(change, undefined), {
    instanceOf: BadEvent,
    message: /^unknown_value: the value of big/,
  })
})

test('MongoDB: documents are text with extended types', t => {
  const after =
    '{"_id": {"$oid": "596e275826f08b2730779e1f"}, "n": {"$numberLong": "9007199254740993"}, "d": {"$numberDecimal": "1.10"}, "at": {"$date": 1714566896789}, "b": {"$binary": {"base64": "AQ==", "subType": "00"}}}'
  const event = { after, source: MONGODB, op: 'c' }
  t.deepEqual(changes('c:{id}', event, { id: '{"$oid": "596e275826f08b2730779e1f"}' }), [
    write(
      'c:596e275826f08b2730779e1f',
      '{"$_id":"596e275826f08b2730779e1f","n":9007199254740993,"d":"1.10","at":"2024-05-01T12:34:56.789Z","b":{"$binary":{"base64":"AQ==","subType":"00"}}}',
    ),
  ])
  t.deepEqual(changes('c:{id}', { after: null, source: MONGODB, op: 'd' }, { id: '1004' }), [
    { kind: 'delete', id: 'c:1004' },
  ])
})

test('MongoDB: an update without the document changes its fields', t => {
  const updateDescription = {
    removedFields: ['old'],
    updatedFields: '{"first_name": "Anne"}',
    truncatedArrays: null,
  }
  const event = { after: null, updateDescription, source: MONGODB, op: 'u' }
  t.deepEqual(changes('c:{id}', event, { id: '"x"' }), [
    { kind: 'patch', id: 'c:x', set: '{"first_name":"Anne"}', unset: ['old'] },
  ])
  const patch = { kind: 'patch', id: 'c:x', set: new Map([['a', '2']]), unset: ['old'] } as const
  t.is(
    printExact(
      changedMembers(
        patch,
        new Map([
          ['a', '1'],
          ['old', 'x'],
          ['c', '3'],
        ]),
      ),
    ),
    '{"a":"2","c":"3"}',
  )
  const within = { ...event, updateDescription: { ...updateDescription, updatedFields: '{"a.b": 1}' } }
  t.throws(() => changes('c:{id}', within, { id: '"x"' }), { message: /a\.b needs the whole document/ })
})

test('events that are no rows are passed over, each for its reason', t => {
  const skipped: readonly (readonly [unknown, string])[] = [
    [null, 'tombstone'],
    [{ schema: null, payload: null }, 'tombstone'],
    [{ source: MYSQL, databaseName: 'inventory', ddl: 'CREATE TABLE x', tableChanges: [] }, 'schema_change'],
    [{ status: 'BEGIN', id: '571', event_count: null, data_collections: null }, 'transaction'],
    [{ status: 'END', id: '571', event_count: 2, data_collections: [] }, 'transaction'],
    [{ ts_ms: 1 }, 'heartbeat'],
    [{ op: 'm', source: POSTGRESQL, message: { prefix: 'p', content: 'AQ==' } }, 'message'],
  ]
  for (const [value, reason] of skipped) t.deepEqual(changes('{id}', value), [{ kind: 'skip', reason }])
  t.like(changes('{id}', { op: 't', source: POSTGRESQL })[0], { kind: 'truncate' })
})

test('what is no event is refused with a word and a sentence', t => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [[1], /^not_an_event: the event is no JSON object/],
    [{ a: 1 }, /^not_an_event: .* it has no `op`/],
    [{ op: 'x', source: POSTGRESQL, after: {} }, /^unknown_operation: "x"/],
    [{ op: 'c', source: POSTGRESQL, after: null }, /^not_an_event: .* has no `after`/],
    [{ op: 'c', source: POSTGRESQL, after: 'x' }, /^schema_mismatch: `after` is no row/],
    [
      { op: 'c', source: POSTGRESQL, after: { other: 1 } },
      /^missing_key: the column id of the template is missing/,
    ],
    [{ op: 'c', source: POSTGRESQL, after: { id: null } }, /^missing_key: .* is null/],
    [{ op: 'c', after: { id: 1 } }, /^not_an_event: .* has no `source`/],
    [{ specversion: '1.0', data: { a: 1 } }, /^not_an_event: .* CloudEvent without attributes/],
  ]
  for (const [value, reason] of refused)
    t.throws(() => changes('{id}', value), { instanceOf: BadEvent, message: reason })
  t.throws(() => rawEvent(null, Buffer.from('{"a":')), { message: /^invalid_json/ })
  t.throws(() => rawEvent(null, Buffer.from('[1e400]')), { message: /^invalid_json/ })
  for (const bad of ['x', '{a', 'a}b', '{}'])
    t.throws(() => parseIdTemplate(bad), { message: /^missing_key/ })
  t.is(parseIdTemplate('{{{a}}}').parts.length, 3)
})

test('positions of a log are compared part by part: numbers by value, names of logs and hexadecimal text by length', t => {
  const ordered = [['9'], ['10'], ['24023128']]
  for (const [index, position] of ordered.entries())
    for (const [other, later] of ordered.entries()) t.is(isAtOrBefore(position, later), index <= other)
  t.true(isAtOrBefore(['mysql-bin.000009', '500', '0'], ['mysql-bin.000010', '4', '0']))
  t.true(isAtOrBefore(['b.999999', '5', '0'], ['b.1000000', '4', '0']))
  t.false(isAtOrBefore(['b.000001', '5', '1'], ['b.000001', '5', '0']))
  t.false(
    isAtOrBefore(
      ['00000027:00000758:0005', '00000027:00000758:0003', '2'],
      ['00000027:00000758:0005', '00000027:00000758:0003', '1'],
    ),
  )
})

test('a digest survives the round trip through the columns of another database', t => {
  const digest = (json: string) => contentDigest(parseExact(Buffer.from(json)) as ExactObject)
  const sent = digest('{"id":1,"price":"12.50","paid":true,"note":null,"n":1.0}')
  t.is(digest('{"price":"12.5","n":1,"id":1,"paid":1}'), sent)
  t.not(digest('{"price":"12.51","n":1,"id":1,"paid":1}'), sent)
  t.not(digest('{"a":100}'), digest('{"a":1}'))
  t.not(digest('{"a":"1"}'), digest('{"a":1}'))
})

test('long rows of zeros within decimals and positions take no more time than other text', t => {
  const zeros = '0'.repeat(1_000_000)
  const digest = (text: string) =>
    contentDigest(parseExact(Buffer.from(JSON.stringify({ a: text }))) as ExactObject)
  t.not(digest(`1.${zeros}1`), digest(`1.${zeros}2`))
  t.is(digest(`1.${zeros}`), digest('1.0'))
  t.true(isAtOrBefore([`${zeros}9`], ['10']))
  t.false(isAtOrBefore([`1${zeros}`], [`${zeros}2`]))
})
