import test from 'ava'
import { compareJson } from '../../../protocol/collation/compare.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { call } from '../../helpers/http.ts'
import { startServer, type RunningServer } from '../../helpers/server.ts'

interface Doc {
  readonly type: string
  readonly n: number
  readonly v: number
}

interface Row {
  readonly id: string
  readonly key: JsonValue
  readonly value: number
}

/** A generator of its own, so that a failure can be run again by its seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const TYPES = ['a', 'A', 'ä', 'b', 'Z', '_', '中']

/** Rows that the views' map function emits. */
function rowsOf(docs: ReadonlyMap<string, Doc>): Row[] {
  const rows: Row[] = []
  for (const [id, { type, n, v }] of docs) {
    rows.push({ id, key: [type, n % 10, n], value: v })
    if (n % 7 === 0) rows.push({ id, key: n, value: v })
  }
  return rows.sort(
    (a, b) => compareJson(a.key, b.key) || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
  )
}

const MAP =
  'function (doc) { emit([doc.type, doc.n % 10, doc.n], doc.v); if (doc.n % 7 === 0) emit(doc.n, doc.v) }'
const REDUCES = {
  rows: undefined,
  sum: '_sum',
  count: '_count',
  stats: '_stats',
  js: 'function (keys, values, rereduce) { return values.reduce(function (a, b) { return a + b }, 0) }',
}

function reduceOf(view: string, values: readonly number[]): JsonValue {
  const sum = values.reduce((a, b) => a + b, 0)
  if (view === 'count') return values.length
  if (view !== 'stats') return sum
  const sumsqr = values.reduce((a, b) => a + b * b, 0)
  return { sum, count: values.length, min: Math.min(...values), max: Math.max(...values), sumsqr }
}

interface Query {
  start_key?: JsonValue
  end_key?: JsonValue
  inclusive_end?: boolean
  descending?: boolean
  limit?: number
  skip?: number
  group_level?: number
  reduce?: boolean
}

function randomQuery(random: (below: number) => number): Query {
  const key = (): JsonValue => {
    const type = TYPES[random(TYPES.length)] as string
    return (
      [random(100), [type], [type, random(10)], [type, random(10), random(100)], [type, {}], null] as const
    )[random(6)] as JsonValue
  }
  const query: Query = {}
  const [low, high] = [key(), key()].sort(compareJson)
  if (random(2) === 0) query.descending = true
  const [start, end] = query.descending === true ? [high, low] : [low, high]
  if (random(3) > 0) query.start_key = start as JsonValue
  if (random(3) > 0) query.end_key = end as JsonValue
  if (random(3) === 0) query.inclusive_end = false
  if (random(3) === 0) query.limit = random(20)
  if (random(3) === 0) query.skip = random(random(2) === 0 ? 10 : 1000)
  return query
}

function inRange(rows: readonly Row[], query: Query): Row[] {
  const sign = query.descending === true ? -1 : 1
  const ordered = sign < 0 ? rows.toReversed() : [...rows]
  return ordered.filter(({ key }) => {
    if (query.start_key !== undefined && sign * compareJson(key, query.start_key) < 0) return false
    if (query.end_key === undefined) return true
    const order = sign * compareJson(key, query.end_key)
    return query.inclusive_end === false ? order < 0 : order <= 0
  })
}

function page<T>(rows: readonly T[], { skip = 0, limit = Infinity }: Query): T[] {
  return rows.slice(skip, skip + limit)
}

/** The answer of a plain in-memory map/reduce. */
function expected(view: string, rows: readonly Row[], query: Query): object {
  const selected = inRange(rows, query)
  if (query.reduce === false || view === 'rows')
    return { total_rows: rows.length, rows: page(selected, query) }
  const groups: { key: JsonValue; values: number[] }[] = []
  for (const { key, value } of selected) {
    const cut = query.group_level === 0 ? null : Array.isArray(key) ? key.slice(0, query.group_level) : key
    const last = groups.at(-1)
    if (last !== undefined && compareJson(last.key, cut) === 0) last.values.push(value)
    else groups.push({ key: cut, values: [value] })
  }
  return {
    rows: page(
      groups.map(({ key, values }) => ({ key, value: reduceOf(view, values) })),
      query,
    ),
  }
}

async function ask(server: RunningServer, view: string, query: Query): Promise<object> {
  const text = Object.entries(query).map(
    ([name, value]) => `${name}=${encodeURIComponent(JSON.stringify(value))}`,
  )
  const { body } = await call<{ total_rows?: number; rows: object[] }>(
    server.url,
    'GET',
    `/db/_design/d/_view/${view}?${text.join('&')}`,
  )
  const { total_rows, rows } = body
  return total_rows === undefined ? { rows } : { total_rows, rows }
}

class Model {
  readonly docs = new Map<string, Doc>()
  readonly #revs = new Map<string, string>()
  readonly #random: (below: number) => number

  constructor(random: (below: number) => number) {
    this.#random = random
  }

  async change(server: RunningServer, count: number, idsBelow: number): Promise<void> {
    const random = this.#random
    const docs = new Map<string, object>()
    for (let i = 0; i < count; i++) {
      const id = `doc${random(idsBelow)}`
      const rev = this.#revs.get(id)
      const known = rev === undefined ? {} : { _rev: rev }
      if (this.docs.has(id) && random(4) === 0) {
        docs.set(id, { _id: id, ...known, _deleted: true })
        this.docs.delete(id)
      } else {
        const doc = { type: TYPES[random(TYPES.length)] as string, n: random(100), v: random(1000) }
        docs.set(id, { _id: id, ...known, ...doc })
        this.docs.set(id, doc)
      }
    }
    const { body } = await call<{ id: string; rev: string }[]>(server.url, 'POST', '/db/_bulk_docs', {
      json: { docs: [...docs.values()] },
    })
    for (const { id, rev } of body) {
      if (this.docs.has(id)) this.#revs.set(id, rev)
      else this.#revs.delete(id)
    }
  }
}

for (const seed of [1, 2]) {
  test(`views answer what a plain map/reduce answers, whatever is written in between (seed ${seed})`, async t => {
    const random = randomNumbers(seed)
    const server = await startServer()
    try {
      await call(server.url, 'PUT', '/db')
      const views = Object.fromEntries(
        Object.entries(REDUCES).map(([name, reduce]) => [
          name,
          reduce === undefined ? { map: MAP } : { map: MAP, reduce },
        ]),
      )
      await call(server.url, 'PUT', '/db/_design/d', { json: { views } })
      const model = new Model(random)
      // More than are taken up one by one.
      await model.change(server, 2600, 3000)
      for (let round = 0; round < 15; round++) {
        const rows = rowsOf(model.docs)
        for (let i = 0; i < 6; i++) {
          const view = Object.keys(REDUCES)[random(5)] as string
          const query = randomQuery(random)
          if (view !== 'rows' && random(3) === 0) query.reduce = false
          else if (view !== 'rows') query.group_level = random(4)
          t.deepEqual(
            await ask(server, view, query),
            expected(view, rows, query),
            `${view} ${JSON.stringify(query)}`,
          )
        }
        await model.change(server, 1 + random(30), 3000)
      }
    } finally {
      await server.close()
    }
  })
}
