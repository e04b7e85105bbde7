import test from 'ava'
import { parseIdTemplate } from '../../../protocol/streams/id-template.ts'
import { outgoingEvents } from '../../../protocol/streams/outgoing-events.ts'
import { parseStreamEndpoint, streamIdentity } from '../../../protocol/streams/stream-endpoint.ts'

const identity = (members: object): string =>
  streamIdentity(
    parseStreamEndpoint('kafka://broker', { topic: 't', format: 'debezium', id: '{id}', ...members }),
  )

test('jobs that read the same stream in another way are other jobs: types, their scales, truncation', t => {
  const decimal = (scale: number) => ({ types: { price: `org.apache.kafka.connect.data.Decimal(${scale})` } })
  const all = [
    {},
    decimal(2),
    decimal(3),
    { types: { price: 'string' } },
    { types: { other: 'string' } },
    { on_truncate: 'delete' },
    { id: 'x:{id}' },
  ].map(identity)
  t.is(new Set(all).size, all.length)
  t.is(identity(decimal(2)), identity(decimal(2)))
  t.is(identity({ on_truncate: 'refuse' }), identity({}))
})

/** Returns the key of the event that a document makes. */
function keyOf(id: string, template: string): unknown {
  const [event] = outgoingEvents(Buffer.from(JSON.stringify({ _id: id, _rev: '1-a' })), {
    format: 'debezium',
    schema: false,
    database: 'db',
    template: parseIdTemplate(template),
    keyTypes: new Map(),
    now: 0,
  })
  return JSON.parse(event!.key)
}

test('the key columns of a document are found in its id', t => {
  t.deepEqual(keyOf('order:7:x', 'order:{id}:{part}'), { id: 7, part: 'x' })
  t.deepEqual(keyOf('a:b:c', '{first}:{rest}'), { first: 'a', rest: 'b:c' })
  t.deepEqual(keyOf('abc.end', '{one}{two}.end'), { one: 'a', two: 'bc' })
  t.deepEqual(keyOf('{a}b', '{{{x}}}b'), { x: 'a' })
  for (const id of ['order:7', 'order::x', 'order:7:', 'other:7:x'])
    t.deepEqual(keyOf(id, 'order:{id}:{part}'), { _id: id })
})

test('an id of many separators is no more work than another', t => {
  const id = ':'.repeat(100_000)
  t.deepEqual(keyOf(id, '{a}:{b}:{c}:end'), { _id: id })
})
