import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

interface Candidate {
  readonly index: { readonly name: string }
  readonly analysis: {
    readonly usable: boolean
    readonly reasons: readonly { readonly name: string }[]
    readonly ranking: number
  }
}

interface Explained {
  readonly index: { readonly name: string } | null
  readonly mrargs?: { readonly start_key: unknown; readonly end_key: unknown }
  readonly index_candidates: readonly Candidate[]
}

interface Found {
  readonly docs: readonly unknown[]
  readonly warning?: string
  readonly error?: string
}

async function newDatabase(url: string, indexes: Readonly<Record<string, readonly string[]>>): Promise<void> {
  await call(url, 'PUT', '/db')
  for (const [name, fields] of Object.entries(indexes))
    await call(url, 'POST', '/db/_index', { json: { index: { fields }, ddoc: name, name } })
}

async function explain(url: string, query: object): Promise<Explained> {
  const { body } = await call<Explained>(url, 'POST', '/db/_explain', { json: query })
  return body
}

const told = ({ index_candidates }: Explained) =>
  index_candidates.map(
    ({ index, analysis: { usable, reasons, ranking } }) =>
      `${index.name} ${usable ? 'usable' : 'unusable'} ${reasons.map(({ name }) => name).join()} ${ranking}`,
  )

test(
  'the indexes that were not chosen are told from the last name on, with what speaks against each',
  withServer,
  async (t, { url }) => {
    await newDatabase(url, { a: ['age'], b: ['age', 'city'], c: ['age'], d: ['city'], e: ['name'] })
    const some = await explain(url, { selector: { age: 5, city: { $regex: '.' } } })
    t.is(some.index?.name, 'a')
    t.deepEqual(told(some), [
      'e unusable field_mismatch 5',
      'd usable less_overlap 3',
      'c usable alphabetically_comes_after 1',
      'b usable too_many_fields 2',
      '_all_docs usable unfavored_type 4',
    ])
    const asked = await explain(url, { selector: { age: 5 }, use_index: 'c' })
    t.deepEqual(told(asked), [
      'e unusable field_mismatch 2',
      'd unusable field_mismatch 2',
      'b unusable field_mismatch 2',
      'a usable excluded_by_user 1',
      '_all_docs usable excluded_by_user 1',
    ])
    const none = await explain(url, { selector: { age: 5 }, sort: ['none'] })
    t.is(none.index, null)
    t.true(told(none).includes('a unusable sort_order_mismatch 1'))
    t.true(told(none).includes('_all_docs unusable field_mismatch 1'))
  },
)

test('$beginsWith narrows an index to what begins so', withServer, async (t, { url }) => {
  await newDatabase(url, { place: ['place'], both: ['name', 'place'] })
  const docs = ['AUS', 'AND', 'A\u{10ffff}', 'a', 'CAN'].map((place, n) => ({
    _id: `${n}`,
    name: 'x',
    place,
  }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  const one = await explain(url, { selector: { place: { $beginsWith: 'A' } } })
  t.deepEqual([one.mrargs?.start_key, one.mrargs?.end_key], [['A'], ['A\uffff', '<MAX>']])
  const two = await explain(url, { selector: { name: 'x', place: { $beginsWith: 'A' } } })
  t.deepEqual(
    [two.mrargs?.start_key, two.mrargs?.end_key],
    [
      ['x', 'A'],
      ['x', 'A\uffff', '<MAX>'],
    ],
  )
  const ids = await explain(url, { selector: { _id: { $beginsWith: 'a' } } })
  t.deepEqual([ids.mrargs?.start_key, ids.mrargs?.end_key], ['a', 'a\uffff'])
  const { body } = await call<Found>(url, 'POST', '/db/_find', {
    json: { selector: { place: { $beginsWith: 'A' } }, fields: ['_id'] },
  })
  t.deepEqual(body.docs, [{ _id: '1' }, { _id: '0' }, { _id: '2' }])
})

test(
  'numbers come out of _find as they were written, from documents and from a covering index',
  withServer,
  async (t, { url }) => {
    await newDatabase(url, { n: ['n', 'o.x'] })
    await call(url, 'PUT', '/db/a', { raw: '{"n":1.0,"o":{"x":12345678901234567890,"y":1.50}}' })
    const raw = async (query: object) => {
      const response = await fetch(new URL('/db/_find', url.replace(/\/\/.*@/, '//')), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(/\/\/(.*)@/.exec(url)?.[1] ?? '').toString('base64')}`,
        },
        body: JSON.stringify(query),
      })
      return response.text()
    }
    t.regex(
      await raw({ selector: { n: 1 }, fields: ['o'] }),
      /^\{"o":\{"x":12345678901234567890,"y":1\.5\}\}$/m,
    )
    t.regex(
      await raw({ selector: { n: 1, 'o.x': { $gt: 0 } }, fields: ['n', 'o.x'] }),
      /^\{"n":1\.0,"o":\{"x":12345678901234567890\}\}$/m,
    )
  },
)

test('members of a request that are of another kind are refused', withServer, async (t, { url }) => {
  await newDatabase(url, {})
  const errorOf = async (query: object) =>
    (await call<Found>(url, 'POST', '/db/_find', { json: { selector: {}, ...query } })).body.error
  t.is(await errorOf({ r: 0 }), 'invalid_pos_integer')
  t.is(await errorOf({ r: [2] }), 'invalid_pos_integer')
  t.is(await errorOf({ r: 3 }), undefined)
  const deleted = await call<Found>(url, 'POST', '/db/_index/_bulk_delete', { json: { docids: 'x' } })
  t.deepEqual([deleted.status, deleted.body.error], [400, 'invalid_bulk_docs'])
})

test(
  'how many documents are found without a limit, and when a warning comes, is configured',
  withServer,
  async (t, { url }) => {
    await newDatabase(url, {})
    const docs = Array.from({ length: 12 }, (_, n) => ({ n }))
    await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
    const find = async () =>
      (await call<Found>(url, 'POST', '/db/_find', { json: { selector: { n: 1 } } })).body
    const set = (key: string, value: string) =>
      call(url, 'PUT', `/_node/_local/_config/mango/${key}`, { raw: JSON.stringify(value) })
    t.regex((await find()).warning ?? '', /documents examined is high/)
    await set('index_scan_warning_threshold', '0')
    t.notRegex((await find()).warning ?? '', /documents examined is high/)
    await set('default_limit', '5')
    const all = await call<Found>(url, 'POST', '/db/_find', { json: { selector: {} } })
    t.is(all.body.docs.length, 5)
  },
)

// CouchDB: mango_idx_view:indexable/1, mango_native_proc:get_index_partial_filter_selector/1
test(
  'an index is the better for a field that has to exist, and may have an old selector',
  withServer,
  async (t, { url }) => {
    await newDatabase(url, { one: ['n'], two: ['city', 'n'] })
    t.is((await explain(url, { selector: { city: { $exists: true }, n: 1 } })).index?.name, 'two')
    const map = { fields: { n: 'asc' }, selector: { n: { $gte: 2 } } }
    const options = { def: { fields: ['n'] } }
    const json = { language: 'query', views: { old: { map, reduce: '_count', options } } }
    await call(url, 'PUT', '/db/_design/old', { json })
    await call(url, 'POST', '/db/_bulk_docs', { json: { docs: [{ n: 1 }, { n: 2 }, { n: 3 }] } })
    const query = { selector: { n: { $gt: 0 } }, use_index: 'old', fields: ['n'] }
    const found = await call<Found>(url, 'POST', '/db/_find', { json: query })
    t.deepEqual(found.body.docs, [{ n: 2 }, { n: 3 }])
  },
)

test('indexes are listed and refused as CouchDB does', withServer, async (t, { url }) => {
  await newDatabase(url, { a: ['a'], b: ['b'] })
  const names = async (query: string) =>
    (await call<{ indexes: { name: string }[] }>(url, 'GET', `/db/_index?${query}`)).body.indexes.map(
      ({ name }) => name,
    )
  t.deepEqual(await names('limit=2;'), ['_all_docs', 'a'])
  t.deepEqual(await names(';skip=2'), ['b'])
  t.deepEqual(await names(';'), ['_all_docs', 'a', 'b'])
  t.is((await call(url, 'GET', '/db/_index/foo')).status, 405)
  const unnamed = await call<Found>(url, 'POST', '/db/_index', { json: { index: { fields: [''] } } })
  t.deepEqual([unnamed.status, unnamed.body], [
    400,
    { error: 'invalid_sort_field', reason: 'Invalid sort field: <<>>' },
  ] as never)
})

test(
  'bookmarks lead through an index page by page, in both directions and in a partition',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db?partitioned=true')
    const values = [1, -0.5, 'ä', 'a\u0000b', [1, 'x'], { b: 1, a: null }, null, true, '', 1e30]
    const docs = values.flatMap((value, at) => [
      { _id: `p:"${at}`, value, n: 1 },
      { _id: `ü:${at}`, value, n: 1 },
    ])
    await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
    const options = { index: { fields: ['value', 'n'] }, ddoc: 'v', name: 'v' }
    await call(url, 'POST', '/db/_index', { json: options })
    await call(url, 'POST', '/db/_index', { json: { ...options, ddoc: 'w', name: 'w', partitioned: false } })
    const pages = async (path: string, query: object) => {
      const found: unknown[] = []
      let bookmark: string | undefined
      for (;;) {
        const json = { selector: { value: { $gt: null }, n: { $gte: 0 } }, limit: 3, ...query, bookmark }
        const { body } = await call<Found & { bookmark: string }>(url, 'POST', path, { json })
        if (body.docs.length === 0) return found
        found.push(...body.docs)
        bookmark = body.bookmark
      }
    }
    for (const direction of ['asc', 'desc'])
      for (const fields of [undefined, ['_id', 'value']])
        for (const [path, use_index, number] of [
          ['/db/_find', 'w', 18],
          ['/db/_partition/%C3%BC/_find', 'v', 9],
        ] as const) {
          const query = { use_index, sort: [{ value: direction }], fields }
          const [paged, whole] = [await pages(path, query), await pages(path, { ...query, limit: 100 })]
          t.is(whole.length, number)
          t.deepEqual(paged, whole)
        }
  },
)
