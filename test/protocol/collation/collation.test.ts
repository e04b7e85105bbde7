import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { projectFile } from '../../../harness/project.ts'
import { compareJson } from '../../../protocol/collation/compare.ts'
import { compareRaw } from '../../../protocol/collation/raw.ts'
import { rawKey } from '../../../protocol/collation/raw-key.ts'
import { rootElements } from '../../../protocol/collation/root.ts'
import { compareStrings } from '../../../protocol/collation/strings.ts'
import { viewKey } from '../../../protocol/collation/view-key.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'

interface Scenario {
  name: string
  steps: { request?: { method: string; path: string; query?: unknown }; response?: { json?: unknown } }[]
}

const scenarios = JSON.parse(
  readFileSync(projectFile('fixtures/transcripts/design.json'), 'utf8'),
) as Scenario[]

/** The keys of a view as CouchDB listed them. */
function recordedKeys(name: string): JsonValue[] {
  const steps = scenarios.find(scenario => scenario.name === name)?.steps ?? []
  const whole = steps.find(({ request }) => request?.method === 'GET' && request.query === undefined)
  return (whole?.response?.json as { rows: { key: JsonValue }[] }).rows.map(row => row.key)
}

const byKey = (key: (value: JsonValue) => Uint8Array) => (a: JsonValue, b: JsonValue) =>
  Buffer.compare(key(a), key(b))

for (const name of ['design/view-collation-types', 'design/view-collation-strings']) {
  test(`the keys of ${name} sort as CouchDB sorted them`, t => {
    const keys = recordedKeys(name)
    t.true(keys.length > 20)
    t.deepEqual(keys.toReversed().sort(byKey(viewKey)), keys)
    t.deepEqual(keys.toReversed().sort(compareJson), keys)
  })
}

test('raw keys sort as CouchDB sorted them', t => {
  const keys = recordedKeys('design/view-collation-raw')
  t.true(keys.length > 20)
  t.deepEqual(keys.toReversed().sort(byKey(rawKey)), keys)
  t.deepEqual(keys.toReversed().sort(compareRaw), keys)
})

const letters = 'aAbBzZáÄßæœ·lL09 _-.,;!?\'"$😀'
const scripts = 'ωΩаяйЙא中日㐀한글เกแขأُآ\u0301\u0323\u0306\u00ad\u0001\uffff'
const text = fc.string({ unit: fc.constantFrom(...letters, ...scripts), maxLength: 6 })
const key = fc.letrec<{ value: JsonValue }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<JsonValue>(null, false, true),
    fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 1e308, 5e-324),
    ),
    text,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
})).value

test('the bytes of a sort key are in the order of the comparison', t => {
  t.notThrows(() => {
    fc.assert(
      fc.property(key, key, (a, b) => byKey(viewKey)(a, b) === compareJson(a, b)),
      { numRuns: 5000 },
    )
    fc.assert(
      fc.property(key, key, (a, b) => byKey(rawKey)(a, b) === compareRaw(a, b)),
      { numRuns: 5000 },
    )
  })
})

test('no sort key is the beginning of another', t => {
  t.notThrows(() => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        if (compareJson(a, b) === 0) return true
        const [first, second] = [viewKey(a), viewKey(b)]
        return Buffer.compare(first, second.subarray(0, first.length)) !== 0
      }),
      { numRuns: 5000 },
    )
  })
})

const runtime = new Intl.Collator('en')
/** Blocks whose order has hardly changed between versions of Unicode: Latin to Arabic, Thai and Lao, kana, some Hangul. */
const blocks = [
  [0, 0x700],
  [0xe00, 0xf00],
  [0x3041, 0x3100],
  [0xac00, 0xac80],
] as const
/** The Hebrew geresh and gershayim, which newer versions of the root order among other punctuation. */
const moved = new Set([0x5f3, 0x5f4])
const assigned = blocks
  .flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))
  .filter(code => !moved.has(code))
  .filter(code => String.fromCharCode(code).normalize('NFD').length > 1 || rootElements().entryOf(code) >= 0)
const anyText = fc.string({
  unit: fc.constantFrom(...assigned.map(code => String.fromCharCode(code))),
  maxLength: 5,
})

test('strings compare as the collator of the runtime compares them', t => {
  t.notThrows(() => {
    fc.assert(
      fc.property(anyText, anyText, text, (a, b, tail) => {
        return [
          [a, b],
          [a, a + tail],
          [a + tail, a + b],
          [tail, tail.toUpperCase()],
        ].every(([x = '', y = '']) => compareStrings(x, y) === Math.sign(runtime.compare(x, y)))
      }),
      { numRuns: 3000 },
    )
  })
})

test('long strings compare in their last character, whatever the run of common weights', t => {
  for (let length = 40; length < 220; length++) {
    const same = 'a'.repeat(length)
    t.is(Math.sign(Buffer.compare(viewKey(same + 'A'), viewKey(same + 'a'))), 1)
    t.is(Math.sign(Buffer.compare(viewKey(same), viewKey(same + 'a'))), -1)
    t.is(Math.sign(Buffer.compare(viewKey(same + 'A'), viewKey(same + 'aa'))), -1)
  }
})

test('keys of strings with more contractions or marks than anybody writes take time in proportion', t => {
  const contractions = 'l\u00b7'.repeat(300_000)
  const marks = `a${'\u0300\u0327'.repeat(150_000)}b`
  const both = '\u0f71'.repeat(100_000) + '\u0f80'
  for (const text of [contractions, marks, both]) {
    t.true(viewKey(text).length > text.length / 2)
    t.is(compareJson(text, `${text}x`), -1)
    t.is(compareJson(`${text}x`, text), 1)
  }
})

/** Counts the characters that are decomposed meanwhile: what the writing of keys begins with. */
function decomposedBy(work: () => void): number {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its text below
  const { normalize } = String.prototype
  let count = 0
  String.prototype.normalize = function (this: string, form?: string) {
    count += this.length
    return normalize.call(this, form)
  }
  try {
    work()
  } finally {
    String.prototype.normalize = normalize
  }
  return count
}

test('the time of comparing long strings goes by what they do not have in common', t => {
  const long = 'é'.repeat(100_000)
  t.true(
    decomposedBy(() => {
      for (let n = 10; n < 60; n++) t.is(compareStrings(`${long}${n}`, `${long}${n + 1}`), -1)
    }) < 1000,
  )
})

// Each comparison wrote the keys of both: a document of 2 MB held the thread for 36 s where a query named 100 strings.
test('the time of comparing a long string with others goes by where they differ', t => {
  const long = 'é'.repeat(100_000)
  const others = Array.from({ length: 100 }, (_, n) => `é${n}`)
  t.true(
    decomposedBy(() => {
      for (const other of others) t.is(compareStrings(long, other), 1)
    }) < 20_000,
  )
})

test('the key of a long string is written once where its beginning does not tell', t => {
  const long = 'e\u0301'.repeat(50_000)
  const others = Array.from({ length: 100 }, (_, n) => `é${n}`)
  t.true(
    decomposedBy(() => {
      for (const other of others) t.is(compareStrings(long, other), 1)
    }) < 150_000,
  )
})

test('long strings that begin alike compare as their keys', t => {
  const part = fc.oneof(text, anyText, fc.constantFrom('é', 'l', '·', 'เ', 'ก', '\u0301', '\u{10000}'))
  const marks = fc.integer({ min: 250, max: 300 }).map(count => '\u0323\u0301'.repeat(count / 2))
  const tails = fc
    .array(fc.oneof({ weight: 20, arbitrary: part }, marks), { maxLength: 40 })
    .map(parts => parts.join(''))
  t.notThrows(() => {
    fc.assert(
      fc.property(part, fc.integer({ min: 55, max: 70 }), tails, tails, (repeated, count, a, b) => {
        const [one, other] = [repeated.repeat(count) + a, repeated.repeat(count) + b]
        return compareStrings(one, other) === byKey(viewKey)(one, other)
      }),
      { numRuns: 2000 },
    )
  })
})
