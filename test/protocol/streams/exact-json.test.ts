import test from 'ava'
import { canonicalJson } from '../../../protocol/json/canonical.ts'
import { runSteps } from '../../../protocol/steps.ts'
import { BadEvent } from '../../../protocol/streams/bad-event.ts'
import { type ExactValue, parseExact, printExact } from '../../../protocol/streams/exact-json.ts'
import { parseExactInSteps } from '../../../protocol/streams/exact-steps.ts'
import { parseMessage } from '../../../protocol/streams/schema-prefixes.ts'

const TEXTS = [
  '{"a":1,"b":[1.0,-0,-0.0,1e3,1E+21,1e21,0.1,12345678901234567890123]}',
  ' { "a" : [ ] , "b" : { } , "c" : [ 1 , true , false , null ] } ',
  '{"a":1,"b":2,"a":{"x":3}}',
  '"\\u00e9\\ud83d\\ude00\\n\\"\\/ é😀"',
  '[[[[]]]]',
  '-17',
  '{"2":1,"1":2,"":3}',
]

test('P3: JSON is read as documents are: numbers, the order of members, escapes', t => {
  for (const text of TEXTS)
    t.is(printExact(parseExact(Buffer.from(text))), canonicalJson(Buffer.from(text)).toString(), text)
})

const INVALID = [
  '',
  ' ',
  '{',
  '[1',
  '[1,]',
  '{"a":1,}',
  '{"a"}',
  '{a:1}',
  '{"a":}',
  '01',
  '1.',
  '.5',
  '+1',
  '1e',
  '-',
  'nul',
  'True',
  '"',
  '"\\x"',
  '"\\ud800"',
  '"a\nb"',
  '1 2',
  '{} x',
  '[1 2]',
  '1e400',
  '\u00a01',
  '"\\',
  '"\\"',
  'NaN',
  '[}',
  '{]',
  '{"a":1]',
]

test('what is no JSON is refused, as of documents', t => {
  for (const text of INVALID) {
    t.throws(() => canonicalJson(Buffer.from(text)), undefined, text)
    t.throws(() => parseExact(Buffer.from(text)), { message: /invalid_json/ }, text)
  }
  t.throws(() => parseExact(Buffer.from([0x22, 0xff, 0x22])), { message: /invalid_json/ })
  t.throws(() => parseExact(Buffer.from('['.repeat(1000))), { message: /invalid_json/ })
})

test('a schema that came before is recognised by its bytes, and nothing else is taken for it', t => {
  const schema = '{"type":"struct","fields":[{"field":"n","type":"int32"}]}'
  const read = (text: string) => parseMessage(Buffer.from(text))
  const first = read(`{"schema":${schema},"payload":{"n":1}}`)
  const second = read(`{"schema":${schema},"payload":{"n":2}}`)
  t.is(printExact(second), `{"schema":${schema},"payload":{"n":2}}`)
  t.true(first instanceof Map && second instanceof Map && first.get('schema') === second.get('schema'))
  t.is(printExact(read(`{"schema":${schema},"payload":null}`)), `{"schema":${schema},"payload":null}`)
  const more = `{"schema":${schema},"payload":{"n":1},"x":1}`
  t.is(printExact(read('{"schema":1,"x":2,"payload":3}')), '{"schema":1,"x":2,"payload":3}')
  t.is(printExact(read(` {"schema":${schema}, "payload":1 } `)), `{"schema":${schema},"payload":1}`)
  t.is(printExact(read(more)), more)
  for (const bad of ['', '{', '}', '1', '1}}', '1} x', '1,"x":'])
    t.throws(() => read(`{"schema":${schema},"payload":${bad}`), { message: /invalid_json/ }, bad)
})

test('JSON that is read in steps is read alike', t => {
  const texts = [
    ...[
      '[]',
      '{}',
      ' [1, 2,{"a":[],"b":{"c":null}} ] ',
      '{"a":1,"b":{},"a":[{}]}',
      '"x"',
      ' true ',
      '-0.0',
      '1e3',
    ],
    ...[
      '[1,]',
      '[,1]',
      '{"a"}',
      '{"a":1,}',
      '[1',
      '"x',
      '1 2',
      '',
      '{"a":1]',
      '[1}',
      'nul',
      '{1:2}',
      '["\\ud800"]',
    ],
    ...[500, 501].map(depth => '['.repeat(depth) + ']'.repeat(depth)),
    JSON.stringify(Array.from({ length: 5000 }, (_, n) => ({ n, text: `line\n${n}`, more: [n, { n }] }))),
  ]
  const outcome = (read: (json: Buffer) => ExactValue, text: string): string => {
    try {
      return printExact(read(Buffer.from(text)))
    } catch (error) {
      return error instanceof BadEvent ? `${error.error} ${error.reason}` : String(error)
    }
  }
  for (const text of texts)
    t.is(
      outcome(json => runSteps(parseExactInSteps(json)), text),
      outcome(parseExact, text),
      text.slice(0, 40),
    )
  t.true([...parseExactInSteps(Buffer.from(texts.at(-1)!))].length > 5)
  // Regular expressions would need more stack than there is.
  const long = '\\n'.repeat(5_000_000)
  t.is((parseExact(Buffer.from(`["${long}"]`)) as string[])[0]?.length, 5_000_000)
})
