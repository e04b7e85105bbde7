import test from 'ava'
import { call } from '../helpers/http.ts'
import { withServer } from '../helpers/with-server.ts'
import { runCli } from './run-cli.ts'

const rev = (digit: string): string => `1-${digit.repeat(32)}`

test('two databases are compared and repaired', withServer, async (t, { url }) => {
  const env = { COUCHETTE_URL: url }
  for (const [name, ids] of [
    ['a', ['both', 'here']],
    ['b', ['both', 'there']],
  ] as const) {
    await call(url, 'PUT', `/${name}`)
    const docs = ids.map(_id => ({ _id, _rev: rev('a') }))
    await call(url, 'POST', `/${name}/_bulk_docs`, { json: { new_edits: false, docs } })
  }
  const found = await runCli(['compare', 'a', 'b'], { env })
  t.is(found.code, 6)
  t.deepEqual(found.out.trimEnd().split('\n'), [
    `here: the target lacks ${rev('a')}`,
    `there: the source lacks ${rev('a')}`,
    'Different: 1 documents lack revisions in the target, 1 in the source (2 and 2 documents were compared).',
  ])
  t.is((await runCli(['compare', 'a', 'b', '--repair'], { env })).code, 0)
  const repaired = await runCli(['compare', 'a', 'b', '--json'], { env })
  t.is(repaired.code, 0)
  t.like(JSON.parse(repaired.out), { summary: { equal: true, source_documents: 3 } })
})

test('comparisons read bodies, begin at an id, and list without digests', withServer, async (t, { url }) => {
  const env = { COUCHETTE_URL: url }
  for (const name of ['a', 'b']) {
    await call(url, 'PUT', `/${name}`)
    const docs = ['x', 'y'].map(_id => ({ _id, _rev: rev('a'), in: name }))
    await call(url, 'POST', `/${name}/_bulk_docs`, { json: { new_edits: false, docs } })
  }
  const compare = (...args: string[]) => runCli(['compare', 'a', 'b', ...args], { env })
  for (const more of [[], ['--no-digests']]) {
    t.deepEqual(await compare(...more), {
      code: 0,
      out: 'Equal: 2 documents with the same leaves.\n',
      err: '',
    })
    const deep = await compare('--bodies', ...more)
    t.is(deep.code, 6)
    const choose = 'neither side proves to be right, a person has to choose'
    t.deepEqual(deep.out.trimEnd().split('\n').slice(0, 2), [
      `x: the body of ${rev('a')} differs; ${choose}`,
      `y: the body of ${rev('a')} differs; ${choose}`,
    ])
    t.regex(deep.out, /2 bodies or attachments differ or cannot be read\.\n$/)
    const rest = await compare('--bodies', '--from', 'xx', '--json', ...more)
    t.deepEqual(
      rest.out
        .trimEnd()
        .split('\n')
        .map(line => (JSON.parse(line) as { id?: string }).id),
      ['y', undefined],
    )
  }
  t.is((await compare('--nonsense')).code, 2)
})

test('conflicts are listed, and resolved by keeping a revision', withServer, async (t, { url }) => {
  const env = { COUCHETTE_URL: url }
  await call(url, 'PUT', '/db')
  t.is((await runCli(['conflicts', 'db'], { env })).out, 'No document is in conflict.\n')
  const docs = ['a', 'b'].map(digit => ({ _id: 'x', _rev: rev(digit) }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { new_edits: false, docs } })
  t.regex(
    (await runCli(['conflicts', 'db'], { env })).out,
    /^DOCUMENT +WINNER +OTHERS +SINCE\nx +1-b{32} +1 +\d{4}-/,
  )
  const kept = await runCli(['conflicts', 'keep', 'db', 'x', rev('a')], { env })
  t.deepEqual(kept, { code: 0, out: `x is at ${rev('a')}.\n`, err: '' })
  t.is((await call(url, 'GET', '/db/x')).body['_rev'], rev('a'))
  t.is((await runCli(['conflicts', 'db', '--limit', 'x'], { env })).code, 2)
})
