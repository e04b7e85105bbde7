import { readFileSync } from 'node:fs'
import test from 'ava'
import { projectFile } from '../harness/project.ts'
import { sourceFiles } from './helpers/source-files.ts'

const RULES = Array.from({ length: 12 }, (_, index) => `P${index + 1}`)

/** A row of the table of rules in docs/architecture.md: number, rule, and files of tests. */
const ROW = /^\| (P\d+) +\| .*? \| (.*) \|$/gm

/** The start of a test's title that names a rule, as the number, a colon and a space. */
const TITLE = /['`](P\d+): /g

const architecture = readFileSync(projectFile('docs/architecture.md'), 'utf8')

/** "P4 test/server/kill.test.ts" for each test file in the table. */
const documented = [...architecture.matchAll(ROW)].flatMap(([, rule, files]) =>
  [...(files as string).matchAll(/`([^`]+)`/g)].map(([, file]) => `${rule} test/${file}`),
)

/** The same for each test file whose titles name a rule. */
const tested = sourceFiles('test')
  .filter(({ path }) => path.endsWith('.test.ts'))
  .flatMap(({ path, text }) => [...new Set([...text.matchAll(TITLE)].map(([, rule]) => `${rule} ${path}`))])

test('each rule of docs/architecture.md names tests that prove it', t => {
  const proven = new Set(documented.map(entry => entry.split(' ')[0]))
  t.deepEqual(
    RULES.filter(rule => !proven.has(rule)),
    [],
  )
})

test('tests that docs/architecture.md names for a rule have a title with its number', t => {
  const titles = new Set(tested)
  t.deepEqual(
    documented.filter(entry => !titles.has(entry)),
    [],
  )
})

test('tests with the number of a rule in a title are named in docs/architecture.md', t => {
  const named = new Set(documented)
  t.deepEqual(
    tested.filter(entry => !named.has(entry)),
    [],
  )
})
