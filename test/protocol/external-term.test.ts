import test from 'ava'
import { externalTerm } from '../../protocol/json/canonical.ts'

/** A term's bytes as Erlang would write them, white space between them for reading. */
function bytes(text: string): string {
  return text.replaceAll(' ', '')
}

const terms: [json: string, hex: string][] = [
  ['0', '61 00'],
  ['255', '61 ff'],
  ['256', '62 00000100'],
  ['-1', '62 ffffffff'],
  ['2147483647', '62 7fffffff'],
  ['2147483648', '6e 04 00 00000080'],
  ['-2147483648', '62 80000000'],
  ['-2147483649', '6e 04 01 01000080'],
  ['9007199254740993', '6e 07 00 01000000000020'],
  ['18446744073709551616', '6e 09 00 000000000000000001'],
  ['1.0', '46 3ff0000000000000'],
  ['-0.0', '46 8000000000000000'],
  ['true', '64 0004 74727565'],
  ['"é"', '6d 00000002 c3a9'],
  ['"\\u00e9"', '6d 00000002 c3a9'],
  ['[]', '6a'],
  ['[1,255]', '6b 0002 01 ff'],
  ['[1,256]', '6c 00000002 6101 62 00000100 6a'],
  ['[[],[],[],256]', '6c 00000004 6a 6a 6a 62 00000100 6a'],
  ['[[1]]', '6c 00000001 6b 0001 01 6a'],
  ['{}', '68 01 6a'],
  ['{"a":{}}', '68 01 6c 00000001 68 02 6d 00000001 61 68 01 6a 6a'],
]
for (const [json, hex] of terms) {
  test(`${json} as a term`, t => t.is(externalTerm(Buffer.from(json)).toString('hex'), bytes(hex)))
}

test('an integer of more than 255 bytes is a large big', t => {
  const hex = externalTerm(Buffer.from((1n << 2048n).toString())).toString('hex')
  t.is(hex, bytes(`6f 00000101 00 ${'00'.repeat(256)} 01`))
})

test('a list of more than 65535 bytes is no string', t => {
  const term = externalTerm(Buffer.from(JSON.stringify(new Array(65536).fill(7))))
  t.is(term.toString('hex', 0, 7), bytes('6c 00010000 6107'))
  t.is(term.length, 5 + 2 * 65536 + 1)
  t.is(externalTerm(Buffer.from(JSON.stringify(new Array(65535).fill(7)))).toString('hex', 0, 4), '6bffff07')
})
