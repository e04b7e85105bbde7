import test, { type ExecutionContext } from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

const ROWS = 6000

interface Answer {
  readonly total_rows: number
  readonly offset: number
  readonly rows: readonly { readonly key: number; readonly value: number }[]
}

/** Documents that emit as many rows as they say, keys from 0 on. */
async function open(t: ExecutionContext): Promise<string> {
  const server = await startServer()
  t.teardown(() => server.close())
  await call(server.url, 'PUT', '/db')
  const map = 'function (doc) { for (var i = 0; i < doc.rows; i++) emit(i, doc.value) }'
  const views = { rows: { map }, sum: { map, reduce: '_sum' } }
  await call(server.url, 'PUT', '/db/_design/d', { json: { views } })
  return server.url
}

test('documents that emit many rows and few are counted and reduced alike, whatever was there before', async t => {
  const url = await open(t)
  const documents = new Map<string, { rows: number; value: number; _rev?: string }>()
  const write = async (id: string, rows: number, value: number): Promise<void> => {
    const before = documents.get(id)
    const json = { rows, value, ...(before === undefined ? {} : { _rev: before._rev }) }
    const { body } = await call<{ rev: string }>(url, 'PUT', `/db/${id}`, { json })
    documents.set(id, { rows, value, _rev: body.rev })
  }
  const check = async (what: string): Promise<void> => {
    const all = [...documents.values()]
    const total = all.reduce((sum, { rows }) => sum + rows, 0)
    const from = 10
    const before = all.reduce((sum, { rows }) => sum + Math.min(rows, from), 0)
    const path = '/db/_design/d/_view'
    const rows = (await call<Answer>(url, 'GET', `${path}/rows?startkey=${from}&limit=3`)).body
    t.is(rows.total_rows, total, what)
    t.is(rows.offset, before, what)
    t.deepEqual(
      rows.rows.map(({ key }) => key).sort(),
      rows.rows.map(() => from),
      what,
    )
    for (const end of [0, 9, 100, ROWS]) {
      const { body } = await call<Answer>(url, 'GET', `${path}/sum?endkey=${end}`)
      const sum = all.reduce((sum, { rows, value }) => sum + Math.min(rows, end + 1) * value, 0)
      t.is(body.rows[0]?.value, sum, `${what}, up to ${end}`)
    }
  }
  for (let number = 0; number < 20; number++) await write(`small-${number}`, 12, number)
  await check('few rows')
  await write('large', ROWS, 3)
  await check('a document of many rows')
  await write('large', ROWS, 5)
  await write('small-3', 0, 0)
  await check('another value')
  await write('large', 11, 5)
  await write('other', ROWS, 2)
  await check('fewer rows')
  for (let number = 20; number < 60; number++)
    await write(`more-${number}`, number % 3 === 0 ? ROWS / 10 : 1, 1)
  await check('mixed')
})
