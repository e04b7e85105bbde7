import test from 'ava'
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
