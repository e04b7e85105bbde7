import test from 'ava'
import { parseMask } from '../../protocol/mask-rules.ts'
import { Mask, maskIdentity } from '../../protocol/masks.ts'
import { isExactObject, parseExact, printExact } from '../../protocol/streams/exact-json.ts'

const secretOf = (name: string) => `secret of ${name}`

function masked(rules: unknown, json: string): string {
  const document = parseExact(Buffer.from(json))
  if (!isExactObject(document)) throw new TypeError('no document')
  const result = printExact(new Mask(parseMask(rules), secretOf).apply(document))
  if (printExact(document) !== json) throw new Error('the document itself was changed')
  return result
}

test('values are removed, redacted, or keep their last characters; what is not there stays so', t => {
  const json = '{"_id":"1","n":12345678901234567890,"card":{"number":"4000123412341234"},"tags":["a"]}'
  t.is(masked([{ field: 'tags', remove: true }], json), json.replace(',"tags":["a"]', ''))
  t.is(masked([{ field: 'tags', redact: true }], json), json.replace('["a"]', '"***"'))
  t.is(masked([{ field: 'card.number', keep_last: 4 }], json), json.replace('4000123412341234', '***1234'))
  t.is(masked([{ field: 'n', keep_last: 3 }], json), json.replace('12345678901234567890', '"***890"'))
  t.is(
    masked([{ field: 'card', keep_last: 3 }], json),
    json.replace('{"number":"4000123412341234"}', '"***"'),
  )
  t.is(masked([{ field: 'none.of.it', redact: true }], json), json)
  t.is(masked([{ field: 'card.number', keep_last: 16 }], json), json.replace('4000123412341234', '***'))
})

test('a keyed hash leaves equal values equal, and differs with its secret', t => {
  const hash = (secret: string, value: string) => masked([{ field: 'v', hash: secret }], `{"v":${value}}`)
  t.regex(hash('one', '"anne"'), /^\{"v":"[0-9a-f]{64}"\}$/)
  t.is(hash('one', '"anne"'), hash('one', '"anne"'))
  t.not(hash('one', '"anne"'), hash('two', '"anne"'))
  t.not(hash('one', '"1"'), hash('one', '1'))
})

test('a path goes on in each element of an array', t => {
  const json = '{"people":[{"mail":"a@x"},{"name":"b"},{"mail":"c@x"}]}'
  t.is(
    masked([{ field: 'people.mail', redact: true }], json),
    json.replace('a@x', '***').replace('c@x', '***'),
  )
})

test('rules are for the documents that their selector matches as they were; what they hid is counted', t => {
  const mask = new Mask(
    parseMask([
      { selector: { type: 'customer' }, field: 'type', remove: true },
      { selector: { type: 'customer' }, field: 'mail', redact: true },
      { field: 'mail', keep_last: 1 },
    ]),
    secretOf,
  )
  const apply = (json: string) => {
    const document = parseExact(Buffer.from(json))
    return isExactObject(document) ? printExact(mask.apply(document)) : ''
  }
  t.is(apply('{"type":"customer","mail":"a@b"}'), '{"mail":"****"}')
  t.is(apply('{"type":"order","mail":"a@b"}'), '{"type":"order","mail":"***b"}')
  t.deepEqual(mask.counts, [1, 1, 2])
})

test('rules that could leave something clear are refused, with their place', t => {
  const refused: [unknown, RegExp][] = [
    [{}, /array/],
    [[], /array/],
    [['mail'], /rule 1 .* object/],
    [[{ field: 'mail' }], /one of remove, redact, hash, keep_last/],
    [[{ field: 'mail', redact: true, remove: true }], /one of/],
    [[{ field: 'mail', redact: true, selektor: {} }], /one of/],
    [[{ field: 'mail', redact: false }], /must be true/],
    [[{ field: '_id', redact: true }], /without "_"/],
    [[{ field: 'a..b', redact: true }], /rule 1/],
    [[{ field: 'mail', hash: 'no name!' }], /name of a secret/],
    [
      [
        { field: 'ok', redact: true },
        { field: 'mail', keep_last: '4' },
      ],
      /rule 2/,
    ],
    [[{ field: 'mail', keep_last: -1 }], /number of characters/],
    [[{ field: 'mail', redact: true, selector: { $no: 1 } }], /rule 1 .*\$no/],
  ]
  for (const [rules, reason] of refused) t.throws(() => parseMask(rules), { message: reason })
  t.not(
    maskIdentity(parseMask([{ field: 'mail', keep_last: 1 }])),
    maskIdentity(parseMask([{ field: 'mail', keep_last: 2 }])),
  )
})
