import test from 'ava'
import fc from 'fast-check'
import { asDatabaseName } from '../../../../protocol/database-name.ts'
import { asDocId } from '../../../../protocol/document-id.ts'
import { isConflict, leaves } from '../../../../protocol/revtree/leaves.ts'
import type { Database } from '../../../../server/database/database.ts'
import { indexExistingConflicts } from '../../../../server/database/conflicts/index-existing.ts'
import { listConflicts } from '../../../../server/database/conflicts/list-conflicts.ts'
import { oldestConflict } from '../../../../server/database/conflicts/oldest-conflict.ts'
import { purge } from '../../../../server/database/maintenance/purge.ts'
import { DatabaseKeys, KeySpace } from '../../../../server/storage/keys.ts'
import type { Store } from '../../../../server/storage/store.ts'
import { type MemoryCatalog, memoryCatalog } from '../../../helpers/memory-database.ts'
import { ADMIN, write } from '../../../helpers/write.ts'

const IDS = ['a', 'b', 'c'].map(asDocId)
const hash = (n: number): string => n.toString(16).padStart(32, '0')

interface Indexed {
  readonly id: string
  readonly winner: string
  readonly conflicts: readonly string[]
}

async function indexed(database: Database): Promise<{ total: number; rows: Indexed[] }> {
  const chunks: Uint8Array[] = []
  for await (const chunk of listConflicts(database, {}, { reader: ADMIN })) chunks.push(chunk)
  const page = JSON.parse(Buffer.concat(chunks).toString()) as { total_rows: number; rows: Indexed[] }
  return {
    total: page.total_rows,
    rows: page.rows.map(({ id, winner, conflicts }) => ({ id, winner, conflicts })),
  }
}

/** Finds the same in the trees of all documents. */
function found(database: Database): Indexed[] {
  return IDS.flatMap(id => {
    const document = database.document(id)
    const all = document === undefined ? [] : leaves(document.tree)
    if (!isConflict(all)) return []
    const [winner, ...conflicts] = all.filter(({ deleted }) => !deleted).map(({ rev }) => rev)
    return [{ id, winner: winner!, conflicts }]
  })
}

const edit = fc.record({
  kind: fc.constantFrom('revision', 'edit', 'delete', 'purge'),
  id: fc.constantFrom(...IDS),
  generation: fc.integer({ min: 1, max: 3 }),
  hash: fc.integer({ min: 1, max: 6 }),
  deleted: fc.boolean(),
  leaf: fc.nat(),
})
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

async function apply(database: Database, step: Edit): Promise<void> {
  const { id } = step
  const document = database.document(id)
  const all = document === undefined ? [] : leaves(document.tree)
  const leaf = all[step.leaf % Math.max(1, all.length)]
  if (step.kind === 'revision') {
    const _rev = `${step.generation}-${hash(step.hash)}`
    await write(database, [{ _id: id, _rev, _deleted: step.deleted }], { replicated: true })
  } else if (leaf === undefined) await write(database, [{ _id: id }])
  else if (step.kind === 'purge') await purge(database, [{ id, revs: [leaf.rev] }])
  else await write(database, [{ _id: id, _rev: leaf.rev, _deleted: step.kind === 'delete' }])
}

async function withCatalog(
  work: (engine: MemoryCatalog, database: Database) => Promise<void>,
): Promise<void> {
  const engine = await memoryCatalog()
  try {
    await work(engine, await engine.catalog.create(asDatabaseName('test'), { partitioned: false }))
  } finally {
    await engine.close()
  }
}

test('after any edits, one by one or in one commit, the index holds what the trees hold', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(edit, { maxLength: 4 }), { maxLength: 12 }), async commits => {
      await withCatalog(async ({ store }, database) => {
        for (const steps of commits) {
          await Promise.all(steps.map(step => apply(database, step)))
          const expected = found(database)
          t.deepEqual(await indexed(database), { total: expected.length, rows: expected })
          t.is(database.state.conflicts, expected.length)
          const keys = new DatabaseKeys(database.record.number).range(KeySpace.conflict)
          t.is((await store.keys(keys).all()).length, 2 * expected.length, 'one entry by id, one by time')
          t.is((await oldestConflict(store, database.record.number)) !== undefined, expected.length > 0)
        }
      })
    }),
    { numRuns: 60 },
  )
})

/** A store whose n-th synced write fails. */
function cutOff(store: Store, n: number): Store {
  let writes = 0
  const count =
    <Args extends unknown[]>(run: (...args: Args) => Promise<void>) =>
    (...args: Args) =>
      ++writes === n ? Promise.reject(new Error('cut off')) : run(...args)
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'put') return count(target.put.bind(target))
      if (name === 'batch')
        return () => {
          const batch = target.batch()
          const write = batch.write.bind(batch)
          batch.write = count(write)
          return batch
        }
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}

test('indexing an older store, cut off anywhere and begun again, gives the index that commits keep', async t => {
  await withCatalog(async ({ store, catalog }, database) => {
    const second = await catalog.create(asDatabaseName('second'), { partitioned: false })
    for (const one of [database, second]) {
      const docs = Array.from({ length: 1200 }, (_, n) => [
        { _id: `d${n}`, _rev: `1-${hash(1)}` },
        ...(n % 3 === 0 ? [{ _id: `d${n}`, _rev: `1-${hash(2)}` }] : []),
        ...(n % 5 === 0 ? [{ _id: `d${n}`, _rev: `1-${hash(3)}`, _deleted: true }] : []),
      ]).flat()
      await write(one, docs, { replicated: true })
    }
    const expected = await indexed(database)
    t.is(expected.total, 400)
    const clear = async (): Promise<void> => {
      for (const { record } of [database, second]) {
        await store.clear(new DatabaseKeys(record.number).range(KeySpace.conflict))
      }
    }
    await clear()
    for (let at = 1; at <= 6; at++) {
      await t.throwsAsync(
        indexExistingConflicts(cutOff(store, at), () => {}),
        { message: 'cut off' },
      )
    }
    const reports: string[] = []
    await indexExistingConflicts(store, text => reports.push(text))
    t.deepEqual(await indexed(database), expected)
    t.is(
      (await store.keys(new DatabaseKeys(database.record.number).range(KeySpace.conflict)).all()).length,
      800,
    )
    t.deepEqual(reports, [
      'Indexed the conflicts of second: 400 documents are in conflict.',
      'Indexed the conflicts of test: 400 documents are in conflict.',
    ])
  })
})
