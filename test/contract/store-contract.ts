import type { TestFn } from 'ava'
import type { Store } from '../../server/storage/store.ts'

const ONE = Uint8Array.of(1)

const text = (value: string): Uint8Array => Buffer.from(value)

/** A kind of store under test. `reopen` is there where data outlives the process. */
export interface StoreUnderTest {
  readonly name: string
  /** Stands before all keys, so that they lie where the store treats its values in a way of its own. */
  readonly prefix?: Uint8Array
  readonly open: () => Promise<{ store: Store; reopen?: () => Promise<Store>; remove: () => Promise<void> }>
}

/**
 * The needs of Couchette of a store, whatever is behind it: bytewise order, atomic batches that are seen whole, snapshots
 * in iterators, reads of absent keys, deletion of ranges.
 */
export function storeContract(
  test: TestFn,
  { name, open, prefix = new Uint8Array(0) }: StoreUnderTest,
): void {
  const key = (...bytes: number[]): Uint8Array => Uint8Array.from([...prefix, ...bytes])
  const named = (name: string): Uint8Array => key(...Buffer.from(name))
  const withoutPrefix = (key: Uint8Array): number[] => [...key.subarray(prefix.length)]
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
      const keys = [key(9), key(9, 0), key(9, 0, 255), key(9, 1), key(9, 127), key(9, 128), key(9, 255, 0)]
      const batch = store.batch()
      for (const each of keys.toReversed()) batch.put(each, ONE)
      await batch.write({ sync: true })
      const range = { gte: key(9), lt: key(10) }
      const found = await store.keys(range).all()
      t.deepEqual(found.map(withoutPrefix), keys.map(withoutPrefix))
      const reversed = await store.keys({ ...range, reverse: true, limit: 2 }).all()
      t.deepEqual(reversed.map(withoutPrefix), [
        [9, 255, 0],
        [9, 128],
      ])
    }))

  test(`${name}: values come back byte for byte, empty ones too`, async t =>
    withStore(async store => {
      const every = Uint8Array.from({ length: 256 }, (_, value) => value)
      await store.put(named('every'), every)
      await store.put(named('none'), new Uint8Array(0))
      t.deepEqual([...((await store.get(named('every'))) ?? [])], [...every])
      t.is((await store.get(named('none')))?.length, 0)
      t.deepEqual([...(store.getSync(named('every')) ?? [])], [...every])
    }))

  test(`${name}: keys, values and entries of a range agree, read whole, in pieces and one by one`, async t =>
    withStore(async store => {
      const written = Array.from({ length: 10 }, (_, n): [Uint8Array, Uint8Array] => [
        key(9, n),
        text(`v${n}`),
      ])
      const batch = store.batch()
      for (const [at, value] of written) batch.put(at, value)
      await batch.write()
      const plain = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
      for (const range of [
        { gte: key(9), lt: key(10) },
        { gt: key(8, 255), lte: key(9, 255) },
      ]) {
        const values = await store.values(range).all()
        t.deepEqual(
          values.map(plain),
          written.map(([, value]) => plain(value)),
        )
        const iterator = store.values(range)
        const pieces = [
          ...(await iterator.nextv(3)),
          ...(await iterator.nextv(100)),
          ...(await iterator.nextv(1)),
        ]
        await iterator.close()
        t.deepEqual(pieces.map(plain), values.map(plain))
        const entries: string[][] = []
        for await (const entry of store.iterator(range)) entries.push(entry.map(plain))
        t.deepEqual(
          entries,
          written.map(entry => entry.map(plain)),
        )
        t.deepEqual(
          (await store.keys(range).all()).map(plain),
          entries.map(([at]) => at),
        )
      }
    }))

  test(`${name}: an absent key is undefined, alone and among many`, async t =>
    withStore(async store => {
      await store.put(named('here'), text('1'))
      t.is(await store.get(named('gone')), undefined)
      t.is(store.getSync(named('gone')), undefined)
      const many = await store.getMany([named('gone'), named('here'), named('gone')])
      t.deepEqual(
        many.map(value => value && Buffer.from(value).toString()),
        [undefined, '1', undefined],
      )
    }))

  test(`${name}: a batch keeps the order of its entries, and the last one of a key counts`, async t =>
    withStore(async store => {
      await store
        .batch()
        .put(named('a'), text('1'))
        .del(named('a'))
        .put(named('b'), text('1'))
        .put(named('b'), text('2'))
        .write()
      t.is(await store.get(named('a')), undefined)
      t.is(Buffer.from((await store.get(named('b'))) ?? []).toString(), '2')
    }))

  test(`${name}: readers see a batch whole or not at all`, async t =>
    withStore(async store => {
      const keys = Array.from({ length: 100 }, (_, n) => named(`k${String(n).padStart(3, '0')}`))
      const writing = (async () => {
        for (let round = 1; round <= 30; round++) {
          const batch = store.batch()
          for (const each of keys) batch.put(each, text(String(round)))
          await batch.write()
        }
      })()
      for (let look = 0; look < 30; look++) {
        const entries = await store.iterator({ gte: named('k'), lt: named('l') }).all()
        t.true(new Set(entries.map(([, value]) => Buffer.from(value).toString())).size <= 1)
      }
      await writing
    }))

  test(`${name}: an iterator reads the store as it was when it began`, async t =>
    withStore(async store => {
      await store.batch().put(named('i1'), text('old')).put(named('i2'), text('old')).write()
      const iterator = store.iterator({ gte: named('i'), lt: named('j') })
      const first = await iterator.nextv(1)
      await store.batch().put(named('i2'), text('new')).put(named('i3'), text('new')).write()
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
      await store.batch().put(key(1, 5), ONE).put(key(2), ONE).put(key(2, 255), ONE).put(key(3), ONE).write()
      await store.clear({ gte: key(2), lt: key(3) })
      const left = await store.keys({ gte: key(1), lte: key(3) }).all()
      t.deepEqual(left.map(withoutPrefix), [[1, 5], [3]])
    }))

  test(`${name}: what was synced is there after it was closed and opened again`, async t => {
    const { store, reopen, remove } = await open()
    if (reopen === undefined) {
      t.pass('lives as long as the process')
      await store.close()
      return
    }
    await store.batch().put(named('kept'), text('1')).write({ sync: true })
    await store.close()
    const again = await reopen()
    t.is(Buffer.from((await again.get(named('kept'))) ?? []).toString(), '1')
    await again.close()
    await remove()
  })
}
