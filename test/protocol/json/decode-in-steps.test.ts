import test from 'ava'
import { canonicalJson } from '../../../protocol/json/canonical.ts'
import { countValues } from '../../../protocol/json/count-values.ts'
import { decodeInSteps } from '../../../protocol/json/decode-in-steps.ts'
import { runSteps } from '../../../protocol/steps.ts'

const LONG = 'x'.repeat(50_000)

const TEXTS: readonly string[] = [
  '1',
  '[]',
  '{}',
  `"${LONG}"`,
  `[${Array.from({ length: 40_000 }, (_, n) => n).join(',')}]`,
  `["${LONG}",1,[],"${LONG}",{"a":"${LONG}"},2]`,
  `{"a":1,"b":"${LONG}","c":{"d":["${LONG}",["${LONG}"]]},"e":null}`,
  `{"__proto__":"${LONG}","a":{"__proto__":1},"toString":2}`,
  `{${Array.from({ length: 20_000 }, (_, n) => `"k\\"${n}":[${n},"]}"]`).join(',')}}`,
  `[[[[[["${LONG}",1]]],"${LONG}"]]]`,
]

test('a text that is parsed in steps is the value that JSON.parse gives', t => {
  for (const text of TEXTS) {
    const json = canonicalJson(Buffer.from(text))
    t.deepEqual(runSteps(decodeInSteps(json)), JSON.parse(text))
  }
})

test('long texts give way', t => {
  const json = canonicalJson(Buffer.from(TEXTS[4]!))
  t.true([...decodeInSteps(json)].length > 3)
})

test('values are counted up to a limit, those in strings not', t => {
  const count = (text: string, most = 1000): number => runSteps(countValues(Buffer.from(text), most))
  t.is(count('["a,b",{"c":[1,2]}]'), 6)
  t.is(count(`[${Array(100).fill('1').join(',')}]`, 10), 11)
})
