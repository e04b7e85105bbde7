import test from 'ava'
import { listDocuments } from '../../../../server/database/listing/list-documents.ts'
import type { ListingQuery } from '../../../../server/database/listing/listing-query.ts'
import { journalRange, leafKey } from '../../../../server/database/ranks/rank-keys.ts'
import { STORAGE } from '../../../../server/database/storage-of.ts'
import { KeySpace } from '../../../../server/storage/keys.ts'
import { openMemoryStore } from '../../../../server/storage/store.ts'
import { ADMIN } from '../../../helpers/write.ts'
import { SLOW_MS, EVERYTHING, open, hasJournal, Model } from './ranks-model.ts'

for (const seed of [1, 2]) {
  test(`ranks are those of a sorted list, whatever is written, purged and opened again (seed ${seed})`, async t => {
    t.timeout(SLOW_MS)
    const store = await openMemoryStore()
    const model = new Model(seed)
    let opened = await open(store)
    for (let turn = 0; turn < 12; turn++) {
      await model.edit(opened.database, turn % 4 === 3 ? 2500 : 1000)
      if (turn % 5 === 2) await model.purge(opened.database, 20)
      await model.check(t, opened.database, `turn ${turn}`)
      if (turn % 3 === 1) {
        await opened.close()
        opened = await open(store)
        if (model.documents.size > 3000) await hasJournal(t, opened.database, `opened after turn ${turn}`)
        // Changes of the run before and of this one may wait together.
        if (turn % 2 === 0) await model.edit(opened.database, 10)
        await model.check(t, opened.database, `opened after turn ${turn}`)
      }
    }
    await opened.close()
    await store.close()
  })
}

test('ranks are counted again where the journal does not tell of every commit', async t => {
  t.timeout(SLOW_MS)
  const store = await openMemoryStore()
  const model = new Model(3)
  let opened = await open(store)
  for (let turn = 0; turn < 4; turn++) await model.edit(opened.database, 2500)
  await model.check(t, opened.database, 'before')
  await model.edit(opened.database, 100)
  await model.edit(opened.database, 100)
  const storage = opened.database[STORAGE]
  await opened.close()
  const [record] = await store.keys({ ...journalRange(storage.keys, 0), reverse: true, limit: 1 }).all()
  t.not(record, undefined)
  await store.del(record!)
  opened = await open(store)
  await model.check(t, opened.database, 'without a record')
  await model.edit(opened.database, 100)
  await model.check(t, opened.database, 'and changes')
  await opened.close()
  await store.close()
})

test('ranks are counted again where a record of theirs is damaged or missing', async t => {
  t.timeout(SLOW_MS)
  const store = await openMemoryStore()
  const model = new Model(5)
  const { database, close } = await open(store)
  for (let turn = 0; turn < 2; turn++) await model.edit(database, 2500)
  await model.check(t, database, 'before')
  const { keys } = database[STORAGE]
  await store.del(leafKey(keys, 0, 0))
  await store.del(leafKey(keys, 1, 0))
  await model.check(t, database, 'without leaves')
  await model.edit(database, 100)
  await model.check(t, database, 'and changes')
  await close()
  await store.close()
})

test('a listing that skips many documents begins where one that reads them all does', async t => {
  t.timeout(SLOW_MS)
  const store = await openMemoryStore()
  const { database, close } = await open(store)
  const model = new Model(4)
  for (let turn = 0; turn < 4; turn++) await model.edit(database, 2500)
  const { ids } = model
  const { gte, lt } = database[STORAGE].keys.range(KeySpace.document)
  const middle = database[STORAGE].keys.text(KeySpace.document, ids[1000]!)
  const query = (members: Partial<ListingQuery>): ListingQuery => ({
    ...EVERYTHING,
    from: gte,
    to: lt,
    ...members,
  })
  const cases: [ListingQuery, string[]][] = []
  for (const skip of [0, 1999, 2000, 2001, 3333, ids.length - 1, ids.length, ids.length + 5000]) {
    cases.push(
      [query({ skip, limit: 3 }), ids.slice(skip, skip + 3)],
      [query({ skip, limit: 3, descending: true }), ids.toReversed().slice(skip, skip + 3)],
      [query({ skip, limit: 3, from: middle }), ids.slice(1000 + skip, 1003 + skip)],
      [
        query({ skip, limit: 3, from: middle, descending: true }),
        ids
          .slice(1000)
          .toReversed()
          .slice(skip, skip + 3),
      ],
      [
        query({ skip, limit: 3, to: middle, descending: true }),
        ids
          .slice(0, 1000)
          .toReversed()
          .slice(skip, skip + 3),
      ],
    )
  }
  for (const [asked, wanted] of cases) {
    const chunks: Uint8Array[] = []
    for await (const chunk of listDocuments(database, asked, ADMIN)) chunks.push(chunk)
    const { rows } = JSON.parse(Buffer.concat(chunks).toString()) as { rows: { id: string }[] }
    t.deepEqual(
      rows.map(({ id }) => id),
      wanted,
      `skip ${asked.skip}, descending ${asked.descending}`,
    )
  }
  await close()
  await store.close()
})
