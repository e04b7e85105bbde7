import assert from 'node:assert/strict'
import fc from 'fast-check'
import { call } from '../helpers/http.ts'
import { generationOf, type Leaf, type PlainModel } from './plain-model.ts'
import { compare } from './compare.ts'

/** A running server with one database `db`, which can be started again on the same data. */
export interface System {
  readonly url: string
  restart(): Promise<void>
}

type Step = fc.AsyncCommand<PlainModel, System>

interface Written {
  readonly rev: string
}

const IDS = ['a', 'b', 'c', 'd']

/** A number that chooses among what is there when the command runs. */
const choice = fc.nat(1000)
const id = fc.constantFrom(...IDS)
const value = fc.nat(9)
const hex = fc
  .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 32, maxLength: 32 })
  .map(digits => digits.join(''))

function step(name: string, run: (model: PlainModel, system: System) => Promise<void>): Step {
  return {
    check: () => true,
    async run(model, system) {
      await run(model, system)
      await compare(system.url, model)
    },
    toString: () => name,
  }
}

function pick<T>(items: readonly T[], at: number): T | undefined {
  return items[at % items.length]
}

/** Writes on top of a leaf, or a new document; a document that is deleted is written without a revision. */
const put = fc.tuple(id, value, choice, fc.boolean()).map(([name, number, at, deleted]) =>
  step(`put ${name} ${number} on ${at}${deleted ? ' deleted' : ''}`, async (model, { url }) => {
    const live = model.leaves(name).filter(leaf => !leaf.deleted)
    const parent = pick(live, at) ?? model.winner(name)
    if (parent === undefined && deleted) return
    const isNew = parent === undefined || parent.deleted
    const json = {
      ...(isNew ? {} : { _rev: parent.rev }),
      value: number,
      ...(deleted && !isNew ? { _deleted: true } : {}),
    }
    const { status, body } = await call<Written>(url, 'PUT', `/db/${name}`, { json })
    assert.equal(status, deleted && !isNew ? 200 : 201, JSON.stringify(body))
    const generation = parent === undefined ? 1 : generationOf(parent.rev) + 1
    assert.equal(generationOf(body.rev), generation)
    model.add(name, childOf(parent, body.rev, { deleted: deleted && !isNew, value: number }))
  }),
)

function childOf(parent: Leaf | undefined, rev: string, content: Pick<Leaf, 'deleted' | 'value'>): Leaf {
  return { rev, ancestors: parent === undefined ? [] : [parent.rev, ...parent.ancestors], ...content }
}

/** Writes without a revision where there is a document, or on top of one that is no leaf. */
const refused = fc.tuple(id, choice).map(([name, at]) =>
  step(`refused ${name} ${at}`, async (model, { url }) => {
    const winner = model.winner(name)
    if (winner === undefined || winner.deleted) return
    const _rev = pick([undefined, ...winner.ancestors, `1-${'e'.repeat(32)}`], at)
    const { status } = await call(url, 'PUT', `/db/${name}`, { json: { _rev, value: 1 } })
    assert.equal(status, 409)
  }),
)

/** Brings in a revision as replication does: behind a leaf, beside one, or as another root. */
const replicate = fc
  .tuple(id, value, choice, choice, fc.boolean(), hex)
  .map(([name, number, at, cut, deleted, hash]) =>
    step(`replicate ${name} ${number} ${at} ${cut} ${hash}`, async (model, { url }) => {
      const leaf = pick(model.leaves(name), at)
      const line = leaf === undefined ? [] : [leaf.rev, ...leaf.ancestors]
      const ancestors = line.slice(cut % (line.length + 1))
      const start = ancestors.length === 0 ? 1 : generationOf(ancestors[0]!) + 1
      const ids = [hash, ...ancestors.map(rev => rev.slice(rev.indexOf('-') + 1))]
      const rev = `${start}-${hash}`
      const doc = {
        _id: name,
        _rev: rev,
        _revisions: { start, ids },
        value: number,
        ...(deleted ? { _deleted: true } : {}),
      }
      const { status, body } = await call(url, 'POST', '/db/_bulk_docs', {
        json: { new_edits: false, docs: [doc] },
      })
      assert.deepEqual([status, body], [201, []])
      model.add(name, { rev, ancestors, deleted, value: number })
    }),
  )

/** Writes several documents, each on top of its winner; one that is named twice is written once. */
const bulk = fc.array(fc.tuple(id, value), { minLength: 1, maxLength: 6 }).map(rows =>
  step(`bulk ${JSON.stringify(rows)}`, async (model, { url }) => {
    const parents = new Map(IDS.map(name => [name, model.winner(name)]))
    const docs = rows.map(([_id, number]) => {
      const parent = parents.get(_id)
      return { _id, value: number, ...(parent === undefined || parent.deleted ? {} : { _rev: parent.rev }) }
    })
    const { body } = await call<(Partial<Written> & { id: string; error?: string })[]>(
      url,
      'POST',
      '/db/_bulk_docs',
      {
        json: { docs },
      },
    )
    const done = new Map<string, Leaf>()
    for (const [at, { id: name, rev, error }] of body.entries()) {
      const parent = parents.get(name)
      if (done.has(name)) {
        // The same edit twice is one; another one comes too late.
        const first = docs.find(({ _id }) => _id === name)!
        if (first.value !== docs[at]!.value) assert.equal(error, 'conflict')
        continue
      }
      assert.equal(error, undefined)
      done.set(name, childOf(parent, rev!, { deleted: false, value: docs[at]!.value }))
    }
    // Documents of one request change in the order of their ids.
    for (const [name, leaf] of [...done].sort(([a], [b]) => (a < b ? -1 : 1))) model.add(name, leaf)
  }),
)

const purge = fc.tuple(id, choice, fc.boolean()).map(([name, at, all]) =>
  step(`purge ${name} ${all ? 'all' : at}`, async (model, { url }) => {
    const leaves = model.leaves(name)
    if (leaves.length === 0) return
    const revs = all ? leaves.map(({ rev }) => rev) : [pick(leaves, at)!.rev]
    const { status, body } = await call<{ purged: Record<string, string[]> }>(url, 'POST', '/db/_purge', {
      json: { [name]: revs },
    })
    assert.equal(status, 201)
    assert.deepEqual(body.purged[name]?.toSorted(), revs.toSorted())
    model.purge(name, revs)
  }),
)

const limit = fc.integer({ min: 1, max: 8 }).map(number =>
  step(`revs_limit ${number}`, async (_, { url }) => {
    assert.equal((await call(url, 'PUT', '/db/_revs_limit', { raw: String(number) })).status, 200)
  }),
)

const compact = fc.constantFrom('_compact', '_compact/by', '_view_cleanup').map(path =>
  step(path, async (_, { url }) => {
    assert.equal((await call(url, 'POST', `/db/${path}`, { json: {} })).status, 202)
  }),
)

const restart = fc.constant(step('restart', (_, system) => system.restart()))

/** Any commands, in any order. */
export function commands(maxCommands: number): fc.Arbitrary<Iterable<Step>> {
  return fc.commands([put, put, put, replicate, replicate, bulk, refused, purge, limit, compact, restart], {
    maxCommands,
    size: 'max',
  })
}
