import test from 'ava'
import fc from 'fast-check'
import {
  formatJsonText,
  JsonTextError,
  memberOf,
  membersOf,
  parseJsonText,
  withMember,
  withoutMembers,
} from '../../dashboard/src/lib/json-text.ts'

test('numbers, member order and duplicate members stay as they were written', t => {
  const text =
    '{"n":12345678901234567890,"price":1.0,"e":1e3,"zero":-0,"2":"two","1":"one","n":2,"s":"\\u00e9\\/"}'
  const formatted = formatJsonText(text)
  t.is(
    formatted,
    `{
  "n": 12345678901234567890,
  "price": 1.0,
  "e": 1e3,
  "zero": -0,
  "2": "two",
  "1": "one",
  "n": 2,
  "s": "\\u00e9\\/"
}`,
  )
  t.is(formatJsonText(formatted), formatted)
  t.deepEqual(
    membersOf(formatted).map(({ name, text }) => `${name}=${text}`),
    membersOf(text).map(({ name, text }) => `${name}=${text}`),
  )
})

test('formatting changes no value', t => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      t.deepEqual(JSON.parse(formatJsonText(JSON.stringify(value))), JSON.parse(JSON.stringify(value)))
    }),
  )
  t.pass()
})

test('takes exactly the texts that JSON.parse takes', t => {
  const mutated = fc
    .tuple(
      fc.jsonValue(),
      fc.nat(),
      fc.constantFrom('', '"', '\\', '{', ']', ',', ':', '0', '.', 'e', '\n', 'u', ' '),
    )
    .map(([value, at, mark]) => {
      const text = JSON.stringify(value)
      const place = at % (text.length + 1)
      return text.slice(0, place) + mark + text.slice(place + 1)
    })
  fc.assert(
    fc.property(mutated, text => {
      t.is(accepts(parseJsonText, text), accepts(JSON.parse, text), text)
    }),
    { numRuns: 2000 },
  )
})

function accepts(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

test('what is wrong is said with its place', t => {
  const wrong = (text: string) => t.throws(() => parseJsonText(text), { instanceOf: JsonTextError })
  const cases: [string, number, string][] = [
    ['{"a":1 "b":2}', 7, 'A comma is missing between two members.'],
    ['{"a" 1}', 5, 'A colon must follow the name of a member.'],
    ['{a:1}', 1, 'A member begins with its name in double quotes.'],
    ['[1 2]', 3, 'A comma is missing between two elements.'],
    ['{"a":}', 5, 'A value is expected here: an object, an array, a string, a number, true, false or null.'],
    ['{"a":1} x', 8, 'Nothing may follow the end of the value.'],
    ['{"a":"x', 5, 'This string has no end, or holds a line break or an unknown escape.'],
    ['{"a":-}', 5, 'This is not a number that JSON knows.'],
    ['', 0, 'The text ends too early.'],
  ]
  for (const [text, offset, message] of cases) {
    const error = wrong(text)
    t.deepEqual([error.offset, error.message], [offset, message], text)
  }
  t.is(wrong('['.repeat(600)).message, 'This is nested too deeply.')
})

test('a string of megabytes is read at once', t => {
  const text = JSON.stringify({ long: 'x"\\'.repeat(500_000) })
  t.is(memberOf(text, 'long')?.length, text.length - '{"long":}'.length)
  t.throws(() => parseJsonText(text.slice(0, -2)), { instanceOf: JsonTextError })
})

test('members are set in their place, added in front and left out', t => {
  const text = '{"_id":"x","n":1.0}'
  t.is(withMember(text, 'n', '2.50'), '{"_id":"x","n":2.50}')
  t.is(withMember(text, '_rev', '"1-a"'), '{"_rev":"1-a","_id":"x","n":1.0}')
  t.is(
    withoutMembers(text, name => name.startsWith('_')),
    '{"n":1.0}',
  )
})
