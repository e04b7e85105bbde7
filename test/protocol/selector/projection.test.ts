import test from 'ava'
import { projection, storedProjection } from '../../../protocol/selector/projection.ts'

const DOCUMENT = Buffer.from(
  '{"_id":"a","n":1.0,"big":9007199254740993,"o":{"x":1.50,"y":{"z":[1.0,2]},"2":"b","1":"a"},"list":[{"k":1},5]}',
)

const shown = (...fields: string[]) => projection(fields)(DOCUMENT)

test('P3: shows numbers as they were written', t => {
  t.is(shown('n', 'big', 'o.x'), '{"n":1.0,"big":9007199254740993,"o":{"x":1.50}}')
})

test('shows fields in the order in which they are asked for, nested ones together', t => {
  t.is(shown('o.y.z', 'n', 'o.2', 'o.1'), '{"o":{"y":{"z":[1.0,2]},"2":"b","1":"a"},"n":1.0}')
})

test('shows a field of a field that is shown whole once', t => {
  t.is(shown('o.y', 'o.y.z'), '{"o":{"y":{"z":[1.0,2]}}}')
  t.is(shown('o.y.z', 'o.y'), '{"o":{"y":{"z":[1.0,2]}}}')
})

test('leaves out what is not there', t => {
  t.is(shown('none', 'n.x', 'o.none.z'), '{}')
  t.is(shown('list.0.k', 'list.1'), '{"list":{"0":{"k":1},"1":5}}')
})

test('shows the same of a document that is not put together', t => {
  const body = Buffer.from('{"n":1.0,"o":{"x":1.50}}')
  const stored = { id: 'a"b', rev: '1-c', body }
  const fields = ['n', '_rev', 'o.x', '_id', 'none', '_id']
  t.is(storedProjection(fields)?.(stored), '{"n":1.0,"_rev":"1-c","o":{"x":1.50},"_id":"a\\"b"}')
  t.is(storedProjection(['n', '_conflicts']), undefined)
  t.is(storedProjection(['_id.x']), undefined)
})
