import test from 'ava'
import { CouchError } from '../../../protocol/errors.ts'
import { Sandbox } from '../../../server/sandbox/sandbox.ts'

const sandbox = new Sandbox({ workers: 1 })
test.after.always(() => sandbox.close())

/** Returns what the function of a source returns when it is called as a filter; the reason if it does not compile. */
async function answerOf(source: string, language = 'javascript'): Promise<boolean | string> {
  const json = JSON.stringify({ _id: '_design/d', language, filters: { f: source } })
  try {
    const [passed] = await sandbox.filter({ owner: '1', language, json }, 'f', ['{"_id":"a","n":2}'], {})
    return passed ?? 'no answer'
  } catch (error) {
    if (error instanceof CouchError) return error.reason
    throw error
  }
}

// CouchDB 3.5 with QuickJS: an anonymous function may be a statement of the script, whose last value counts.
const functions: [what: string, source: string][] = [
  ['an anonymous function', 'function (doc) { return doc.n === 2 }'],
  ['blanks and comments around it', ' // c\n/* d */ function /* e */ (doc) { return true } // f\n'],
  ['a semicolon behind it', 'function (doc) { return true };\n;'],
  ['a variable before it', 'var K = 2;\nfunction (doc) { return doc.n === K }'],
  ['a constant before it, without a semicolon', 'const K = 2\nfunction (doc) { return doc.n === K }'],
  ['a helper before it', 'function two() { return 2 }\nfunction (doc) { return doc.n === two() }'],
  ['a helper behind it', 'function (doc) { return doc.n === two() }\nfunction two() { return 2 }'],
  ['a helper behind it on its line', 'function (doc) { return two() === 2 } function two() { return 2 }'],
  ['a variable behind it', 'function (doc) { return doc.n === K }; var K = 2'],
  ['a global before it', 'K = 2; function (doc) { return doc.n === K }'],
  ['a directive before it', '"use strict"; function (doc) { return this.constructor === Object }'],
  ['an arrow function', '(doc) => doc.n === 2'],
  ['parentheses and a semicolon', '(function (doc) { return true });'],
  ['a named function in parentheses', '(function named(doc) { return typeof named === "function" })'],
  ['a variable that is the function', 'var f = function (doc) { return true }; f'],
  ['a factory', '(function (two) { return function (doc) { return doc.n === two } })(2)'],
  ['the last of several', 'function () { return false }\nfunction () { return true }'],
  ['a block whose value it is', 'if (true) { (function (doc) { return true }) }'],
  ['an anonymous function in its body', 'function (doc) { function (x) { return x } return true }'],
  [
    'many comments before what is no anonymous function',
    `${'/* c */'.repeat(60)} var f = function () { return true }; f`,
  ],
  ['a pattern with brackets', 'function (doc) { return /[/}]/.test("}") }'],
]

for (const [what, source] of functions) {
  test(`takes ${what}`, async t => {
    t.is(await answerOf(source), true)
  })
}

const refused: [what: string, source: string, reason: string][] = [
  [
    'a declaration, which has no value',
    'function named(doc) {}',
    'Expression does not eval to a function. (function named(doc) {})',
  ],
  [
    'another value behind it',
    'function () {}; 5',
    'Expression does not eval to a function. (function () {}; 5)',
  ],
  ['an async function', 'async function () {}', 'SyntaxError: function name expected (async function () {})'],
  [
    'an anonymous function in a block',
    '{ function () {} }',
    'SyntaxError: function name expected ({ function () {} })',
  ],
  ['a label', 'f : function () {}', 'SyntaxError: function name expected (f : function () {})'],
  [
    'a comma behind it',
    'function () {},',
    "SyntaxError: unexpected token in expression: '' (function () {},)",
  ],
  [
    'what fails when it is read',
    'nothing.at.all',
    "ReferenceError: 'nothing' is not defined (nothing.at.all)",
  ],
]

for (const [what, source, reason] of refused) {
  test(`refuses ${what}`, async t => {
    t.is(await answerOf(source), reason)
  })
}

test('what one source declares, another does not see', async t => {
  const json = JSON.stringify({
    filters: {
      first: 'var K = 1; L = 1; function one() { return 1 } function () { return K + L + one() === 3 }',
      second:
        'function () { return [typeof K, typeof L, typeof one].join() === "undefined,undefined,undefined" }',
    },
  })
  const ddoc = { owner: '1', json }
  t.deepEqual(await sandbox.filter(ddoc, 'first', ['{}'], {}), [true])
  t.deepEqual(await sandbox.filter(ddoc, 'second', ['{}'], {}), [true])
})

test('compiles CoffeeScript', async t => {
  t.is(await answerOf('(doc) -> doc.n is 2', 'coffeescript'), true)
  t.is(await answerOf('K = 2\nsame = (n) -> n is K\n(doc) ->\n  same doc.n', 'coffeescript'), true)
  t.regex(String(await answerOf('(doc) -> (', 'coffeescript')), /^SyntaxError: .* \(\(doc\) -> \(\)$/)
  t.is(
    await answerOf('(doc) -> doc.n is 2', 'javascript'),
    "SyntaxError: unexpected token in expression: '>' ((doc) -> doc.n is 2)",
  )
})

test('a CoffeeScript source that keeps its compiler busy ends with an error', async t => {
  const hasty = new Sandbox({ workers: 1, timeoutMs: () => 1000 })
  t.teardown(() => hasty.close())
  const source = `x = ${'('.repeat(3000)}1${')'.repeat(3000)}`
  const error = await t.throwsAsync(hasty.compile({ owner: '1', language: 'coffeescript', source }))
  t.true(error instanceof CouchError)
  await hasty.compile({ owner: '1', language: 'coffeescript', source: '(doc) -> emit doc._id' })
})
