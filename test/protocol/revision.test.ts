import test from 'ava'
import { CouchError } from '../../protocol/errors.ts'
import { generationOf, hashOf, makeRev, parseRev } from '../../protocol/revision.ts'

const parsed: [given: string, expected: string][] = [
  ['1-abc', '1-abc'],
  ['0-abc', '0-abc'],
  ['1-', '1-'],
  ['+2-a', '2-a'],
  ['007-a', '7-a'],
  ['2-a-b-c', '2-a-b-c'],
  ['2-hello world', '2-hello world'],
  ['4294967296-c', '4294967296-c'],
  ['1-ABABABABABABABABABABABABABABABAB', '1-abababababababababababababababab'],
  ['1-+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '1-0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['1-abcdefghijklmnop', '1-6162636465666768696a6b6c6d6e6f70'],
]
for (const [given, expected] of parsed)
  test(`"${given}" is ${expected}`, t => t.is(parseRev(given) as string, expected))

const refused: unknown[] = [
  '',
  'foo',
  '1',
  '-',
  '-1-x',
  '-0-a',
  'a-b',
  '1.5-a',
  '1 -a',
  ' 1-a',
  7,
  null,
  ['1-a'],
  undefined,
]
refused.push(`1-${'z'.repeat(32)}`, `1-${'é'.repeat(16)}`, '9999999999999999-a')
for (const value of refused) {
  test(`${JSON.stringify(value)} is no revision`, t => {
    t.throws(() => parseRev(value), { instanceOf: CouchError, message: 'bad_request: Invalid rev format' })
  })
}

test('a revision is taken apart at its first dash', t => {
  const rev = makeRev(12, 'a-b')
  t.deepEqual([generationOf(rev), hashOf(rev)], [12, 'a-b'])
})
