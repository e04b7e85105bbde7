import test from 'ava'
import { beginsWith } from '../../../protocol/selector/begins-with.ts'

// Erlang: string:prefix/2, which CouchDB's $beginsWith is.
test('a prefix ends where a character does', t => {
  t.true(beginsWith('abc', 'ab'))
  t.true(beginsWith('abc', ''))
  t.true(beginsWith('e\u0301x', 'e\u0301'))
  t.false(beginsWith('e\u0301x', 'e'))
  t.false(beginsWith('\r\nx', '\r'))
  t.true(beginsWith('\u00e9x', '\u00e9'))
  t.true(beginsWith('日本', '日'))
  t.false(beginsWith('abc', 'b'))
})
