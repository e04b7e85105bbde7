import test from 'ava'
import { jsonTerm, termToBinary } from '../../protocol/erlang-term.ts'

// Each row: a JSON value and the bytes that Erlang's term_to_binary(Term, [{minor_version, 1}]) makes of it.
const VECTORS: readonly (readonly [unknown, string])[] = [
  ['a', '836d0000000161'],
  [null, '8364' + '0004' + '6e756c6c'],
  [true, '8364' + '0004' + '74727565'],
  [0, '836100'],
  [255, '8361ff'],
  [256, '836200000100'],
  [-1, '8362ffffffff'],
  [2 ** 31, '836e040000000080'],
  [-(2 ** 31) - 1, '836e040101000080'],
  [1.5, '83463ff8000000000000'],
  [[], '836a'],
  [[1, 2], '836b00020102'],
  [[1, 256], '836c0000000261016200000100' + '6a'],
  [{}, '8368016a'],
  [{ a: 1 }, '8368016c0000000168026d0000000161' + '6101' + '6a'],
]

test('JSON values become the terms that CouchDB decodes them to', t => {
  for (const [value, hex] of VECTORS)
    t.is(termToBinary(jsonTerm(value)).toString('hex'), hex, JSON.stringify(value))
})

test('integers of more than 255 bytes are large bigs', t => {
  const bytes = termToBinary({ integer: 1n << 2048n })
  t.is(bytes[1], 111)
  t.is(bytes.readUInt32BE(2), 257)
})
