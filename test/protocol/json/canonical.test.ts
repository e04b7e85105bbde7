import test from 'ava'
import fc from 'fast-check'
import { CouchError } from '../../../protocol/errors.ts'
import {
  canonicalJson,
  canonicalize,
  canonicalizeInSteps,
  externalTerm,
} from '../../../protocol/json/canonical.ts'
import { jsonString } from '../../../protocol/json/json-string.ts'
import { parseJson } from '../../../protocol/json/parse-json.ts'

function canonical(json: string): string {
  return canonicalJson(Buffer.from(json)).toString()
}

/** A JSON value of integers, strings, literals and containers, as text. */
const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false }).map(withoutFloats)

/** A document's text in pieces, between which white space may stand. */
const pieces = json.map(value => JSON.stringify(value).match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^{}[\],:"]+/g)!)
const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 3 })

function withoutFloats(value: unknown): unknown {
  if (typeof value === 'number') return Math.trunc(value % 1e15)
  if (Array.isArray(value)) return value.map(withoutFloats)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutFloats(member)]))
}

/** Prints as JSON.stringify does, but for control characters and -0, which it has no text for. */
function couchSpelling(text: string): string {
  return text.replace(/\\\\|\\u00[01][0-9a-f]/g, found =>
    found === '\\\\' ? found : `\\u${found.slice(2).toUpperCase()}`,
  )
}

test('what JSON.stringify prints of values without floats is canonical', t => {
  fc.assert(
    fc.property(json, value => canonical(JSON.stringify(value)) === couchSpelling(JSON.stringify(value))),
  )
  t.pass()
})

test('canonical text is canonical', t => {
  fc.assert(
    fc.property(fc.json(), text => {
      const once = canonical(text)
      return canonical(once) === once
    }),
  )
  t.pass()
})

/** Numbers next to zero lose their last digits in CouchDB. */
const hasTinyNumber = /e-3\d\d/

test('P3: canonical text has the value of the text that it was made from', t => {
  fc.assert(
    fc.property(fc.json(), text => {
      fc.pre(!hasTinyNumber.test(text))
      t.deepEqual(JSON.parse(canonical(text)), JSON.parse(text))
    }),
  )
})

test('white space changes neither text nor term', t => {
  fc.assert(
    fc.property(pieces, fc.infiniteStream(space), (parts, spaces) => {
      const spread = parts.map(part => part + spaces.next().value).join('')
      const expected = canonicalize(Buffer.from(parts.join('')), { term: true })
      const actual = canonicalize(Buffer.from(` ${spread}`), { term: true })
      return expected.text.equals(actual.text) && expected.term!.equals(actual.term!)
    }),
  )
  t.pass()
})

test('escaping every character changes neither text nor term', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), string => {
      const units = Array.from({ length: string.length }, (_, i) =>
        string.charCodeAt(i).toString(16).padStart(4, '0'),
      )
      const escaped = Buffer.from(`"${units.map(unit => `\\u${unit}`).join('')}"`)
      const plain = Buffer.from(JSON.stringify(string))
      return (
        canonicalJson(escaped).equals(canonicalJson(plain)) &&
        externalTerm(escaped).equals(externalTerm(plain))
      )
    }),
  )
  t.pass()
})

test('a string is spelled alike as a JavaScript string and as JSON', t => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      string => jsonString(string) === canonical(JSON.stringify(string)),
    ),
  )
  t.is(jsonString('\u001f\\u001f\u007f/"'), '"\\u001F\\\\u001f\u007f/\\""')
})

test('any text is taken or refused as JSON.parse does', t => {
  const almostJson = fc
    .array(fc.constantFrom(...'{}[],:"\\ntrue0123-.5', 'null', '"a"', ' ', 'é'))
    .map(all => all.join(''))
  fc.assert(
    fc.property(
      almostJson,
      // An exponent may lack its digits; a number beyond those of doubles is refused.
      text =>
        /\de([+-]?(?!\d)|\d{3})/.test(text) ||
        isTaken(() => canonical(text)) === isTaken(() => JSON.parse(text) as unknown),
    ),
    { numRuns: 5000 },
  )
  t.pass()
})

function isTaken(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch (error) {
    if (error instanceof CouchError && error.message !== 'bad_request: invalid UTF-8 JSON') throw error
    return false
  }
}

const spellings: [given: string, expected: string][] = [
  ['1.0', '1.0'],
  ['1e3', '1000.0'],
  ['1e15', '1000000000000000.0'],
  ['1e21', '1e+21'],
  ['1.5e300', '1.5e+300'],
  ['1E-7', '1e-7'],
  ['0.00001', '0.00001'],
  ['1.50', '1.5'],
  ['-5.0', '-5.0'],
  ['-0', '0'],
  ['-0.0', '-0.0'],
  ['123456789.123456789', '123456789.12345679'],
  ['12345678901234567890', '12345678901234567890'],
  ['1e+', '1.0'],
  ['5e-324', '0.0'],
  ['1.5e-320', '1.5e-320'],
  ['"\\u00e9\\/\\n\\u001f\\u000a\\ud83d\\ude00"', '"é/\\n\\u001F\\n😀"'],
  ['"\\"\\\\\\b\\f\\n\\r\\t"', '"\\"\\\\\\b\\f\\n\\r\\t"'],
  ['{"x":0,"y":1,"x":2}', '{"y":1,"x":2}'],
  ['{"a":1,"b":2,"\\u0061":3,"a":[{"c":1,"c":2}]}', '{"b":2,"a":[{"c":2}]}'],
  ['{"a":{"b":1,"b":2},"c":{"a":1},"a":{"b":3,"b":4}}', '{"c":{"a":1},"a":{"b":4}}'],
  ['{"b":1,"2":2,"1":3,"__proto__":{"x":1}}', '{"b":1,"2":2,"1":3,"__proto__":{"x":1}}'],
]
for (const [given, expected] of spellings)
  test(`${given} becomes ${expected}`, t => t.is(canonical(given), expected))

const refused = [
  '',
  ' ',
  '01',
  '1.',
  '.5',
  '+1',
  '1e',
  '1e400',
  '[1,]',
  '{"a":1,}',
  "{'a':1}",
  'NaN',
  '{"a":1} x',
  '[1 2]',
  ']',
]
refused.push(
  '"\\ud800"',
  '"\\udc00x"',
  '"\\ud800\\u0041"',
  '"\t"',
  '"\\x"',
  '"\\u12g4"',
  '"',
  '{"a"}',
  '{1:2}',
  '\ufeff{}',
  'nul',
)
for (const text of refused) {
  test(`${JSON.stringify(text)} is no JSON`, t => {
    t.throws(() => canonical(text), { instanceOf: CouchError, message: 'bad_request: invalid UTF-8 JSON' })
  })
}

test('bytes that are no UTF-8 are refused', t => {
  for (const hex of ['ff', 'e9', 'c080', 'e08080', 'eda080', 'f4908080', 'c3', 'f0808080', '80']) {
    const text = Buffer.concat([Buffer.from('["'), Buffer.from(hex, 'hex'), Buffer.from('"]')])
    t.throws(() => canonicalJson(text), { instanceOf: CouchError }, hex)
  }
})

test('P5: compact text is not copied', t => {
  const text = Buffer.from(' {"a":[1,"é",{"b":null}],"c":"\\n"} ')
  t.is(canonicalJson(text).buffer, text.buffer)
})

test('nesting does not end at the stack', t => {
  const arrays = '['.repeat(100_000) + ']'.repeat(100_000)
  t.true(canonical(arrays) === arrays)
  const objects = '{"a":'.repeat(100_000) + '1.50' + '}'.repeat(100_000)
  t.true(canonical(objects) === objects.replace('1.50', '1.5'))
})

test('a replaced member is found among thousands', t => {
  const members = Array.from({ length: 5000 }, (_, i) => `"${i}":${i}`)
  t.is(canonical(`{${members.join()}}`), `{${members.join()}}`)
  t.is(canonical(`{${members.join()},"77":0}`), `{${members.filter((_, i) => i !== 77).join()},"77":0}`)
})

test('a parsed __proto__ is an ordinary member', t => {
  const value = parseJson(Buffer.from('{"__proto__":{"admin":true}}')) as Record<string, unknown>
  t.is(value['admin'], undefined)
  t.deepEqual(Object.keys(value), ['__proto__'])
})

test('a body of nothing but brackets is refused before it fills the memory', t => {
  t.throws(() => canonical('['.repeat(1_000_000)), { instanceOf: CouchError })
  t.throws(() => canonical('['.repeat(600_000) + ']'.repeat(600_000)), { instanceOf: CouchError })
})

const LONG = 1_100_000

test('a string of megabytes is read in parts, as one that is read at once', t => {
  const shapes = ['x', '\u00e9€', '"', 'ab\\', 'x\u0001', 'plain and 😀', '\n\t']
  for (const shape of shapes) {
    const value = `begin ${shape.repeat(Math.ceil(LONG / Buffer.byteLength(shape)))} end`
    for (const spelled of [jsonString(value), JSON.stringify(value).replaceAll('x', '\\u0078')]) {
      const source = Buffer.from(`{"a": 1.0, "b":${spelled},"c":["${'y'.repeat(40)}"]}`)
      const steps = canonicalizeInSteps(source, { term: true })
      let count = 0
      for (let next = steps.next(); ; next = steps.next(), count++) {
        if (next.done !== true) continue
        const whole = next.value
        t.true(whole.text.equals(Buffer.from(`{"a":1.0,"b":${jsonString(value)},"c":["${'y'.repeat(40)}"]}`)))
        // The pieces of the term are those of short strings.
        const utf8 = Buffer.from(value)
        const at = whole.term!.indexOf(utf8)
        t.is(whole.term![at - 5], 109)
        t.is(whole.term!.readUInt32BE(at - 4), utf8.length)
        t.true(whole.term!.subarray(at + utf8.length).includes('y'.repeat(40)))
        break
      }
      t.true(count > LONG / 40_000, `${shape}: ${count} steps`)
    }
  }
})

test('long strings are refused for what short ones are', t => {
  const long = 'x'.repeat(LONG)
  for (const end of ['', '\\"', '\\', '\\q"', '\u0001"', '\\ud800"']) {
    t.throws(
      () => canonicalize(Buffer.from(`["${long}${end}`), { term: false }),
      { instanceOf: CouchError },
      end,
    )
  }
  t.throws(() =>
    canonicalize(Buffer.concat([Buffer.from(`["${long}`), Buffer.of(0xc3, 0x22, 0x5d)]), { term: false }),
  )
})

test('names of two megabytes and numbers of one are refused', t => {
  const long = '1'.repeat(LONG)
  for (const name of [long, `\\"${long}`, `é${long}`])
    t.notThrows(() => canonicalize(Buffer.from(`{"${name}":1}`), { term: false }))
  for (const name of [long + long, `\\"${long}${long}`, `é${long}${long}`])
    t.throws(() => canonicalize(Buffer.from(`{"${name}":1}`), { term: false }), {
      message: /name of a member/,
    })
  for (const number of [long, `-${long}`, `1.${long}`, `1e${long}`])
    t.throws(() => canonicalize(Buffer.from(`[${number}]`), { term: false }), { message: /too many digits/ })
})
