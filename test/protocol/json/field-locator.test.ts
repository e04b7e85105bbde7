import test from 'ava'
import fc from 'fast-check'
import { decodeValue } from '../../../protocol/json/decode-value.ts'
import { FieldLocator } from '../../../protocol/json/field-locator.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { lookUp } from '../../../protocol/selector/field-path.ts'

const NAMES = ['a', 'b', '0', '1', 'ä"\\', 'a long name that is searched for, not walked', '\n', 'x{y[z,']

const { value } = fc.letrec<{ value: JsonValue }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<JsonValue>(null, true, false, 0, -1.5, 1e21, '', 'a"b\\', '\\\\', '}]",', 'ä'.repeat(20)),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 4 }),
  ),
}))
const object = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 6 })
const paths = fc.array(fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
})

test('finds in the text what a parser finds in the value', t => {
  t.notThrows(() =>
    fc.assert(
      fc.property(object, paths, (document, wanted) => {
        const json = Buffer.from(JSON.stringify(document))
        const locator = new FieldLocator(wanted)
        locator.locate(json)
        const found = wanted.map((_, at) =>
          (locator.starts[at] as number) < 0
            ? { absent: true }
            : { value: decodeValue(json.toString('utf8', locator.starts[at], locator.ends[at])) },
        )
        const expected = wanted.map(path => {
          const looked = lookUp(document, path)
          return 'value' in looked ? looked : { absent: true }
        })
        return JSON.stringify(found) === JSON.stringify(expected)
      }),
      { numRuns: 2000 },
    ),
  )
})

test('finds a name however it is escaped', t => {
  const json = Buffer.from('{"\\u0061":1,"b\\/c":2}')
  const locator = new FieldLocator([['a'], ['b/c'], ['a']])
  locator.locate(json)
  const texts = [...locator.starts].map((start, at) => json.toString('utf8', start, locator.ends[at]))
  t.deepEqual(texts, ['1', '2', '1'])
})
