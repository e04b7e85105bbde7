import { Readable } from 'node:stream'
import test from 'ava'
import { call } from '../helpers/http.ts'
import { leavesOf } from '../helpers/replication.ts'
import { withServer } from '../helpers/with-server.ts'
import { runCli } from './run-cli.ts'

const rev = (digit: string): string => `1-${digit.repeat(32)}`

/** Ids that are not themselves in a URL. */
const ODD = ['a b', 'a+b', 'a%20b', 'ä/ö', '_design/x']

/** Two databases: "a" has the odd ids and "here", "b" has "there", both have "both". */
async function prepare(url: string): Promise<void> {
  for (const [name, ids] of [
    ['a', ['both', 'here', ...ODD]],
    ['b', ['both', 'there']],
  ] as const) {
    await call(url, 'PUT', `/${name}`)
    const docs = ids.map(_id => ({ _id, _rev: rev('a') }))
    await call(url, 'POST', `/${name}/_bulk_docs`, { json: { new_edits: false, docs } })
  }
}

/** Standard input on which somebody types a line. */
const typed = (line: string): Readable => Object.assign(Readable.from([`${line}\n`]), { isTTY: true })

test(
  'two databases that differ are repaired, document by document, both ways',
  withServer,
  async (t, { url }) => {
    const env = { COUCHETTE_URL: url }
    await prepare(url)
    const done = await runCli(['repair', 'a', 'b', '--yes'], { env })
    t.is(done.code, 0, done.err)
    const expected = [
      '6 documents were replicated to the target and 1 to the source. Nothing differs any more.',
      ...[...ODD, 'here'].map(id => `${id}: the target lacks ${rev('a')}`),
      `there: the source lacks ${rev('a')}`,
    ]
    t.deepEqual(done.out.trimEnd().split('\n').sort(), expected.sort())
    t.deepEqual(await leavesOf(url, 'a'), await leavesOf(url, 'b'))
    t.is(Object.keys(await leavesOf(url, 'b')).length, 8)
    const again = await runCli(['repair', 'a', 'b'], { env })
    t.deepEqual(again, { code: 0, out: 'Nothing differs.\n', err: '' }, 'nothing is asked')
  },
)

test('somebody is asked before anything is changed', withServer, async (t, { url }) => {
  const env = { COUCHETTE_URL: url }
  await prepare(url)
  const unasked = await runCli(['repair', 'a', 'b'], { env })
  t.is(unasked.code, 2)
  t.regex(unasked.err, /Copy 6 documents to b and 1 document to a\? Nobody can be asked here: say --yes\./)
  const refused = await runCli(['repair', 'a', 'b'], { env, input: typed('n') })
  t.is(refused.code, 6)
  t.regex(refused.out, /Nothing was changed\.\n$/)
  t.is(Object.keys(await leavesOf(url, 'b')).length, 2)
  const agreed = await runCli(['repair', 'a', 'b'], { env, input: typed('y') })
  t.is(agreed.code, 0)
  t.is(Object.keys(await leavesOf(url, 'b')).length, 8)
})

test('one way, only the target is written to', withServer, async (t, { url }) => {
  const env = { COUCHETTE_URL: url }
  await prepare(url)
  t.is((await runCli(['repair', 'a', 'b', '--one-way', '--yes'], { env })).code, 0)
  t.is(Object.keys(await leavesOf(url, 'b')).length, 8)
  t.is(Object.keys(await leavesOf(url, 'a')).length, 7)
})

test('what a target refuses differs still, and the exit code says so', withServer, async (t, { url }) => {
  const env = { COUCHETTE_URL: url }
  await prepare(url)
  const validate = "function (doc) { if (doc._id === 'here') throw { forbidden: 'no' } }"
  await call(url, 'PUT', '/b/_design/v', { json: { validate_doc_update: validate } })
  const done = await runCli(['repair', 'a', 'b', '--yes', '--json'], { env })
  t.is(done.code, 6, done.err)
  const lines = done.out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { id?: string; still?: boolean; repair?: object })
  t.deepEqual(lines.at(-1), { repair: { to_target: 6, to_source: 2, remaining: 1 } })
  t.is(lines.filter(({ id }) => id !== undefined).length, 9)
  t.like(lines.at(-2), { id: 'here', still: true })
})

test(
  'databases that are not there, and servers that do not answer, have exit codes of their own',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/a')
    const code = async (...args: string[]) =>
      (await runCli(['repair', ...args, '--yes'], { env: { COUCHETTE_URL: url } })).code
    t.is(await code('a'), 2)
    t.not(await code('a', 'nowhere'), 0)
    t.is(
      (await runCli(['repair', 'a', 'b', '--yes'], { env: { COUCHETTE_URL: 'http://127.0.0.1:1' } })).code,
      3,
    )
  },
)

/** Writes revisions of generation and digit as they are. */
async function plant(url: string, name: string, docs: readonly object[]): Promise<void> {
  await call(url, 'PUT', `/${name}`)
  await call(url, 'POST', `/${name}/_bulk_docs`, { json: { new_edits: false, docs } })
}

test('a thousand differences of all kinds are repaired', withServer, async (t, { url }) => {
  const at = (n: number, generation: number, digit: string) => ({
    _id: `doc-${n}`,
    _rev: `${generation}-${digit.repeat(32)}`,
  })
  const sides: { a: object[]; b: object[] } = { a: [], b: [] }
  for (let n = 0; n < 1_000; n++) {
    const [here, there] = n % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const)
    const kinds = [
      () => sides[here].push(at(n, 1, 'a')),
      () => sides[here].push({ ...at(n, 1, 'a'), _deleted: true }),
      () => {
        sides[there].push(at(n, 5, 'a'))
        sides[here].push(at(n, 5, 'a'), at(n, 2, 'b'))
      },
      () => {
        sides[there].push(at(n, 1, 'a'))
        sides[here].push(at(n, 1, 'a'), at(n, 3, 'b'))
      },
      () => {
        sides[there].push(at(n, 1, 'a'))
        sides[here].push(at(n, 1, 'a'), { ...at(n, 4, 'b'), _deleted: true })
      },
    ]
    kinds[n % 5]!()
  }
  await plant(url, 'a', sides.a)
  await plant(url, 'b', sides.b)
  const { code, out, err } = await runCli(['repair', 'a', 'b', '--yes'], { env: { COUCHETTE_URL: url } })
  t.is(code, 0, err)
  t.regex(
    out,
    /500 documents were replicated to the target and 500 to the source\. Nothing differs any more\.\n$/,
  )
  t.deepEqual(await leavesOf(url, 'a'), await leavesOf(url, 'b'))
  t.is(Object.keys(await leavesOf(url, 'a')).length, 1_000)
})
