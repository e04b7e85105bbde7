import test from 'ava'
import fc from 'fast-check'
import { compilePattern } from '../../../../protocol/selector/pcre/pcre.ts'

/** Runs a pattern to its end. */
function compilePcre(source: string): ((text: string) => boolean) | undefined {
  const pattern = compilePattern(source)
  if (pattern === undefined) return undefined
  return text => {
    const matching = pattern.matching(text)
    for (;;) {
      const { done, value } = matching.next()
      if (done === true) return value
    }
  }
}

/** Patterns with texts that they match and texts that they do not, as PCRE has it. */
const cases: [pattern: string, matching: string[], other: string[]][] = [
  ['^日', ['日本'], ['本日']],
  ['^.$', ['a', 'a\n'], ['é', '', 'ab']],
  ['(?i)HELLO', ['say hello'], ['help']],
  ['a(?i)b|c', ['aB', 'C'], ['AB']],
  ['^(?:a(?i:b))c$', ['aBc'], ['aBC']],
  ['(?x) a b # both\n c', ['abc'], ['a b c']],
  ['(?s)a.b', ['a\nb'], ['ab']],
  ['a.b', ['axb'], ['a\nb']],
  ['(?m)^b$', ['a\nb\nc'], ['abc']],
  ['\\Ab\\z', ['b'], ['b\n', 'ab']],
  ['\\bcat\\b', ['a cat!'], ['concat']],
  ['[[:alpha:]]+[[:^digit:]]$', ['ab!'], ['a1', '!']],
  ['[]a]', [']', 'a'], ['b']],
  ['[^]a]', ['b'], [']', 'a']],
  ['[\\w-]x', ['-x', 'ax'], ['.x']],
  ['\\Q.*\\E', ['a.*b'], ['ab']],
  ['\\x41\\x{42}\\103', ['ABC'], ['abc']],
  ['^(a+)b\\1$', ['aabaa'], ['aaba']],
  ['^(?<q>[\'"]).*\\k<q>$', ['"x"'], ['"x\'']],
  ['(?P<n>a)(?P=n)', ['aa'], ['ab']],
  ['a(?=b)', ['ab'], ['ac']],
  ['a(?!b)', ['ac', 'a'], ['ab']],
  ['(?<=a|bc)d', ['ad', 'bcd'], ['cd']],
  ['(?<!a)d', ['bd', 'd'], ['ad']],
  ['^(?>a*)ab', [], ['aaab']],
  ['^a*+ab', [], ['aaab']],
  ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
  ['a{,3}', ['a{,3}'], ['aaa']],
  ['x{', ['x{'], ['x']],
  ['^(a|ab)(c|bcd)$', ['abcd', 'abc', 'ac'], ['abcdd']],
  ['', ['', 'a'], []],
  ['^(a*)*$', ['', 'aaa'], ['b']],
]

for (const [pattern, matching, other] of cases) {
  test(`/${pattern}/ matches what PCRE matches`, t => {
    const matches = compilePcre(pattern)
    if (matches === undefined) return t.fail('does not compile')
    for (const text of matching) t.true(matches(text), JSON.stringify(text))
    for (const text of other) t.false(matches(text), JSON.stringify(text))
  })
}

for (const pattern of [
  '[',
  '(',
  ')',
  'a**b(',
  '*',
  '\\1',
  '(?<=a+)b',
  'a{3,2}',
  '[z-a]',
  '(?z)',
  '\\',
  '((((a{999}){999}){999}))',
]) {
  test(`/${pattern}/ is no pattern`, t => {
    t.is(compilePcre(pattern), undefined)
  })
}

const hostile: [pattern: string, text: string][] = [
  ['^(a+)+$', 'a'.repeat(5000) + '!'],
  ['^(a|a)*$', 'a'.repeat(5000) + '!'],
  ['^(a|aa)+$', 'a'.repeat(5000) + '!'],
  ['(.*)*x', 'a'.repeat(5000)],
  ['(x+x+)+y', 'x'.repeat(5000)],
  ['^(.*a){20}$', 'a'.repeat(5000) + 'b'],
  ['(a*)*\\1b', 'a'.repeat(5000)],
  ['.*.*.*=.*', 'x'.repeat(20000)],
  ['(?=(a+)+$)x', 'a'.repeat(5000) + '!'],
  [`${'x?'.repeat(60)}${'x'.repeat(60)}`, 'x'.repeat(59)],
  [`${'(x|x)'.repeat(60)}y`, 'x'.repeat(500)],
  [`${'a'.repeat(5000)}b`, 'a'.repeat(100_000)],
]

for (const [pattern, text] of hostile) {
  test(`/${pattern.slice(0, 40)}/ on a long text does not match, in bounded time`, t => {
    const matches = compilePcre(pattern)
    const begun = performance.now()
    t.false(matches?.(text))
    t.true(performance.now() - begun < 10_000)
  })
}

const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '^', '$', '\\b')
const pattern = fc.letrec<{ regex: string }>(tie => ({
  regex: fc.oneof(
    { depthSize: 'small' },
    atom,
    fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => a + b),
    fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('regex'), fc.constantFrom('*', '+?', '{1,2}')).map(([a, times]) => `(${a})${times}`),
    tie('regex').map(a => `(?=${a})`),
    tie('regex').map(a => `(?!${a})`),
  ),
})).regex

test('agrees with the engine of JavaScript on what both know', t => {
  t.notThrows(() => {
    fc.assert(
      fc.property(
        pattern,
        fc.string({ unit: fc.constantFrom('a', 'b', '1', ' '), maxLength: 12 }),
        (source, text) => {
          return compilePcre(source)?.(text) === new RegExp(source).test(text)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

// Each group that began or ended copied the positions of all groups, as one step: 9,000 held the thread for 47 seconds.
test('takes no step for groups that no backreference names', t => {
  const pattern = compilePcre(`${'()'.repeat(9_000)}(?:(a)|b)*\\g{9001}c`)
  t.true(pattern?.(`${'c'.repeat(100)}bbaac`))
  t.false(pattern?.(`${'c'.repeat(100)}bbab`))
})

test('refuses a pattern whose groups make it too large, instead of failing when it is used', t => {
  t.is(compilePcre('(?:()\\1){7000}'), undefined)
  t.true(compilePcre('(?:()\\1){6000}')?.(''))
})

test('takes the last of what a group matched', t => {
  t.true(compilePcre('^(?:(a)|(b))*\\1\\2$')?.('abab'))
  t.false(compilePcre('^(?:(a)|(b))*\\2\\1$')?.('abab'))
  t.true(compilePcre('^(a|ab)(c|bcd)(d*)\\1\\3$')?.('abcda'))
})
