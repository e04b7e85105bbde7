import test from 'ava'
import fc from 'fast-check'
import type { Database } from '../../../../server/database/database.ts'
import { KeySpace } from '../../../../server/storage/keys.ts'
import { memoryDatabase } from '../../../helpers/memory-database.ts'
import { write } from '../../../helpers/write.ts'
import { STORAGE } from '../../../../server/database/storage-of.ts'

async function documentsBefore(database: Database, id: string): Promise<number> {
  const { before, snapshot } = await database.ranks.documentsBefore(
    database[STORAGE].keys.text(KeySpace.document, id),
  )
  await snapshot.close()
  return before
}

async function changesBefore(database: Database, seq: number): Promise<number> {
  const { before, snapshot } = await database.ranks.changesBefore(seq)
  await snapshot.close()
  return before
}

const numbered = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, n) => ({
    _id: String(from + n * step).padStart(6, '0'),
  }))

test('a rank counts the documents in front of an id, through creations, deletions and the middle filling up', async t => {
  const { database, close } = await memoryDatabase()
  await write(database, numbered(0, 20_000, 10))
  t.is(await documentsBefore(database, ''), 0)
  t.is(await documentsBefore(database, '010000'), 1000)
  t.is(await documentsBefore(database, '0100005'), 1001)
  t.is(await documentsBefore(database, 'z'), 2000)
  // Nine more documents in each gap of one block's range make it large.
  await write(
    database,
    numbered(5000, 10_000).filter(({ _id }) => !_id.endsWith('0')),
  )
  t.is(await documentsBefore(database, '007003'), 500 + 2003)
  t.is(await documentsBefore(database, '007003'), 500 + 2003)
  t.is(await documentsBefore(database, '020000'), 2000 + 4500)
  await write(database, numbered(20_000, 25_000))
  t.is(await documentsBefore(database, '024999'), 6500 + 4999)
  const [outcome] = await write(database, [{ _id: 'one more' }])
  await write(database, [{ _id: 'one more', _rev: outcome?.rev, _deleted: true }])
  t.is(await documentsBefore(database, 'z'), 11_500)
  await close()
})

test('a rank that is asked while documents are written counts those of its snapshot', async t => {
  const { database, close } = await memoryDatabase()
  await write(database, numbered(0, 3000))
  const writing = Promise.all(
    Array.from({ length: 20 }, (_, n) => write(database, numbered(3000 + n * 100, 3100 + n * 100))),
  )
  for (let asked = 0; asked < 20; asked++) {
    const { before, snapshot } = await database.ranks.documentsBefore(
      database[STORAGE].keys.text(KeySpace.document, 'z'),
    )
    t.is(before, snapshot.state.docs)
    await snapshot.close()
  }
  await writing
  t.is(await documentsBefore(database, 'z'), 5000)
  await close()
})

test('ranks of ids and of sequences are those of sorted lists, whatever is written', async t => {
  const ids = fc.constantFrom(...'abcdefghij')
  const edits = fc.array(fc.array(fc.tuple(ids, fc.boolean()), { minLength: 1, maxLength: 4 }), {
    maxLength: 20,
  })
  await fc.assert(
    fc.asyncProperty(edits, async batches => {
      const { database, close } = await memoryDatabase()
      const revs = new Map<string, { rev: string | undefined; deleted: boolean; seq: number }>()
      for (const [turn, batch] of batches.entries()) {
        const edits = new Map(batch)
        for (const [id, deleted] of edits) {
          const known = revs.get(id)
          const again = known?.deleted === true && !deleted
          const _rev = again ? undefined : known?.rev
          const [outcome] = await write(database, [{ _id: id, _rev, _deleted: deleted, turn }])
          if (outcome?.error === undefined) {
            revs.set(id, { rev: outcome?.rev, deleted, seq: database.state.seq })
          }
          const live = [...revs].filter(([, { deleted }]) => !deleted).map(([id]) => id)
          t.is(await documentsBefore(database, 'e'), live.filter(id => id < 'e').length)
          const seqs = [...revs.values()].map(({ seq }) => seq)
          t.is(await changesBefore(database, turn), seqs.filter(seq => seq < turn).length)
        }
      }
      await close()
    }),
    { numRuns: 50 },
  )
})
