import assert from 'node:assert/strict'
import { call } from '../helpers/http.ts'
import type { PlainModel } from './plain-model.ts'

interface Rows<Value> {
  readonly rows: readonly { readonly id: string; readonly key: unknown; readonly value: Value }[]
}

interface Change {
  readonly seq: string
  readonly id: string
  readonly deleted?: boolean
  readonly changes: readonly { readonly rev: string }[]
}

/** The design document of the views that are compared; it is not part of the model. */
export const DESIGN = {
  views: { by_value: { map: 'function (doc) { emit(doc.value, doc._rev) }', reduce: '_count' } },
}

/** Compares everything that a client can read of the database with the model. @throws {AssertionError} */
export async function compare(url: string, model: PlainModel): Promise<void> {
  await compareFeed(url, model)
  await compareListings(url, model)
  for (const id of ['a', 'b', 'c', 'd']) await compareDocument(url, model, id)
}

async function compareFeed(url: string, model: PlainModel): Promise<void> {
  const { body } = await call<{ results: Change[]; last_seq: string }>(
    url,
    'GET',
    '/db/_changes?style=all_docs',
  )
  const rows = body.results.filter(({ id }) => !id.startsWith('_design/'))
  assert.deepEqual(
    rows.map(({ id, deleted = false, changes }) => ({
      id,
      deleted,
      revs: changes.map(({ rev }) => rev).toSorted(),
    })),
    model.ids.map(id => ({
      id,
      deleted: model.winner(id)!.deleted,
      revs: model
        .leaves(id)
        .map(({ rev }) => rev)
        .toSorted(),
    })),
    'feed',
  )
  for (const { id, changes } of rows)
    assert.equal(changes[0]?.rev, model.winner(id)?.rev, 'the winner stands first')
  const numbers = body.results.map(({ seq }) => parseInt(seq, 10))
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((a, b) => a - b),
    'sequences',
  )
}

async function compareListings(url: string, model: PlainModel): Promise<void> {
  const live = model.live.toSorted(([a], [b]) => (a < b ? -1 : 1))
  const all = await call<Rows<{ rev: string }>>(url, 'GET', '/db/_all_docs')
  assert.deepEqual(
    all.body.rows.filter(({ id }) => !id.startsWith('_')).map(({ id, value }) => [id, value.rev]),
    live.map(([id, { rev }]) => [id, rev]),
    '_all_docs',
  )
  const byValue = live.toSorted(([a, x], [b, y]) => x.value - y.value || (a < b ? -1 : 1))
  const view = await call<Rows<string>>(url, 'GET', '/db/_design/by/_view/by_value?reduce=false')
  assert.deepEqual(
    view.body.rows.map(({ id, key, value }) => [id, key, value]),
    byValue.map(([id, { rev, value }]) => [id, value, rev]),
    'view',
  )
  const count = await call<Rows<number>>(url, 'GET', '/db/_design/by/_view/by_value')
  assert.deepEqual(
    count.body.rows.map(({ value }) => value),
    live.length === 0 ? [] : [live.length],
    'reduction',
  )
  const info = await call<{ doc_count: number; doc_del_count: number }>(url, 'GET', '/db')
  assert.equal(info.body.doc_count, live.length + 1, 'doc_count')
  assert.equal(info.body.doc_del_count, model.ids.length - live.length, 'doc_del_count')
  const found = await call<{ docs: { _id: string }[] }>(url, 'POST', '/db/_find', {
    json: { selector: { value: { $lt: 5 } } },
  })
  assert.deepEqual(
    found.body.docs.map(({ _id }) => _id),
    live.filter(([, { value }]) => value < 5).map(([id]) => id),
    '_find',
  )
}

async function compareDocument(url: string, model: PlainModel, id: string): Promise<void> {
  const leaves = model.leaves(id)
  const { status, body } = await call<Record<string, unknown>>(
    url,
    'GET',
    `/db/${id}?conflicts=true&deleted_conflicts=true`,
  )
  const [winner, ...others] = leaves
  assert.equal(status, winner === undefined || winner.deleted ? 404 : 200, id)
  if (winner === undefined) return
  if (!winner.deleted) {
    assert.deepEqual([body._rev, body.value], [winner.rev, winner.value], id)
    const [live, deleted] = [others.filter(leaf => !leaf.deleted), others.filter(leaf => leaf.deleted)]
    assert.deepEqual(
      body._conflicts ?? [],
      live.map(({ rev }) => rev),
      `conflicts of ${id}`,
    )
    assert.deepEqual(
      body._deleted_conflicts ?? [],
      deleted.map(({ rev }) => rev),
      `deleted conflicts of ${id}`,
    )
  }
  for (const leaf of leaves) {
    const one = await call<Record<string, unknown>>(url, 'GET', `/db/${id}?rev=${leaf.rev}&revs=true`)
    assert.equal(one.status, 200, `${id} ${leaf.rev}`)
    assert.equal(one.body.value, leaf.value, `${id} ${leaf.rev}`)
    const { start, ids } = one.body._revisions as { start: number; ids: string[] }
    const line = ids.map((hash, at) => `${start - at}-${hash}`)
    assert.deepEqual(line, [leaf.rev, ...leaf.ancestors].slice(0, line.length), `history of ${id}`)
  }
}
