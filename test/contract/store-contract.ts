import type { TestFn } from 'ava'
import type { Store } from '../../server/storage/store.ts'

/** A kind of store under test. `reopen` is there where data outlives the process. */
export interface StoreUnderTest {
  readonly name: string
  readonly open: () => Promise<{ store: Store; reopen?: () => Promise<Store>; remove: () => Promise<void> }>
}

const bytes = (...values: number[]) => Uint8Array.from(values)
const text = (value: string) => Buffer.from(value)

/**
 * What Couchette needs of a store, whatever is behind it: bytewise order, atomic batches that are seen whole, snapshots
 * in iterators, reads of absent keys, deletion of ranges.
 */
export function storeContract(test: TestFn, { name, open }: StoreUnderTest): void {
  const withStore = async (work: (store: Store) => Promise<void>) => {
    const { store, remove } = await open()
    try {
      await work(store)
    } finally {
      await store.close()
      await remove()
    }
  }

  test(`${name}: keys are ordered by their bytes, however long`, async t =>
    withStore(async store => {
      const keys = [
        bytes(9),
        bytes(9, 0),
        bytes(9, 0, 255),
        bytes(9, 1),
        bytes(9, 127),
        bytes(9, 128),
        bytes(9, 255, 0),
      ]
      const batch = store.batch()
      for (const key of keys.toReversed()) batch.put(key, bytes(1))
      await batch.write({ sync: true })
      const range = { gte: bytes(9), lt: bytes(10) }
      const found = await store.keys(range).all()
      t.deepEqual(
        found.map(key => [...key]),
        keys.map(key => [...key]),
      )
      const reversed = await store.keys({ ...range, reverse: true, limit: 2 }).all()
      t.deepEqual(
        reversed.map(key => [...key]),
        [
          [9, 255, 0],
          [9, 128],
        ],
      )
    }))

  test(`${name}: values come back byte for byte, empty ones too`, async t =>
    withStore(async store => {
      const every = Uint8Array.from({ length: 256 }, (_, value) => value)
      await store.put(text('every'), every)
      await store.put(text('none'), new Uint8Array(0))
      t.deepEqual([...((await store.get(text('every'))) ?? [])], [...every])
      t.is((await store.get(text('none')))?.length, 0)
      t.deepEqual([...(store.getSync(text('every')) ?? [])], [...every])
    }))

  test(`${name}: an absent key is undefined, alone and among many`, async t =>
    withStore(async store => {
      await store.put(text('here'), text('1'))
      t.is(await store.get(text('gone')), undefined)
      t.is(store.getSync(text('gone')), undefined)
      const many = await store.getMany([text('gone'), text('here'), text('gone')])
      t.deepEqual(
        many.map(value => value && Buffer.from(value).toString()),
        [undefined, '1', undefined],
      )
    }))

  test(`${name}: a batch keeps the order of its entries, and the last one of a key counts`, async t =>
    withStore(async store => {
      await store
        .batch()
        .put(text('a'), text('1'))
        .del(text('a'))
        .put(text('b'), text('1'))
        .put(text('b'), text('2'))
        .write()
      t.is(await store.get(text('a')), undefined)
      t.is(Buffer.from((await store.get(text('b'))) ?? []).toString(), '2')
    }))

  test(`${name}: readers see a batch whole or not at all`, async t =>
    withStore(async store => {
      const keys = Array.from({ length: 100 }, (_, n) => text(`k${String(n).padStart(3, '0')}`))
      const writing = (async () => {
        for (let round = 1; round <= 30; round++) {
          const batch = store.batch()
          for (const key of keys) batch.put(key, text(String(round)))
          await batch.write()
        }
      })()
      for (let look = 0; look < 30; look++) {
        const entries = await store.iterator({ gte: text('k'), lt: text('l') }).all()
        t.true(new Set(entries.map(([, value]) => Buffer.from(value).toString())).size <= 1)
      }
      await writing
    }))

  test(`${name}: an iterator reads the store as it was when it began`, async t =>
    withStore(async store => {
      await store.batch().put(text('i1'), text('old')).put(text('i2'), text('old')).write()
      const iterator = store.iterator({ gte: text('i'), lt: text('j') })
      const first = await iterator.nextv(1)
      await store.batch().put(text('i2'), text('new')).put(text('i3'), text('new')).write()
      const rest = await iterator.nextv(10)
      await iterator.close()
      t.is(first.length, 1)
      t.deepEqual(
        rest.map(([, value]) => Buffer.from(value).toString()),
        ['old'],
      )
    }))

  test(`${name}: a range is deleted to its bounds and no further`, async t =>
    withStore(async store => {
      await store
        .batch()
        .put(bytes(1, 5), bytes(1))
        .put(bytes(2), bytes(1))
        .put(bytes(2, 255), bytes(1))
        .put(bytes(3), bytes(1))
        .write()
      await store.clear({ gte: bytes(2), lt: bytes(3) })
      const left = await store.keys({ gte: bytes(1), lte: bytes(3) }).all()
      t.deepEqual(
        left.map(key => [...key]),
        [[1, 5], [3]],
      )
    }))

  test(`${name}: what was synced is there after it was closed and opened again`, async t => {
    const { store, reopen, remove } = await open()
    if (reopen === undefined) {
      t.pass('lives as long as the process')
      await store.close()
      return
    }
    await store.batch().put(text('kept'), text('1')).write({ sync: true })
    await store.close()
    const again = await reopen()
    t.is(Buffer.from((await again.get(text('kept'))) ?? []).toString(), '1')
    await again.close()
    await remove()
  })
}
