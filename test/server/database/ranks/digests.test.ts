import test, { type ExecutionContext } from 'ava'
import { asDatabaseName } from '../../../../protocol/database-name.ts'
import { formatDigest } from '../../../../protocol/document-digest.ts'
import { Attachments } from '../../../../server/attachments/attachments.ts'
import { Catalog } from '../../../../server/database/catalog.ts'
import type { Database } from '../../../../server/database/database.ts'
import { digestDifference } from '../../../../server/database/ranks/check-digests.ts'
import { leafKey, rootKey } from '../../../../server/database/ranks/rank-keys.ts'
import {
  decodeLeaf,
  decodeRoot,
  encodeLeaf,
  encodeRoot,
} from '../../../../server/database/ranks/rank-nodes.ts'
import { STORAGE } from '../../../../server/database/storage-of.ts'
import { openMemoryStore, type Store } from '../../../../server/storage/store.ts'
import { eventually } from '../../../helpers/eventually.ts'
import { write } from '../../../helpers/write.ts'

const NAME = asDatabaseName('test')
const ALL = { start: undefined, end: undefined }
const { signal } = new AbortController()

async function open(store: Store): Promise<{ database: Database; close: () => Promise<void> }> {
  const options = { directory: undefined, compressionLevel: () => undefined, maxSize: () => Infinity }
  const attachments = await Attachments.open({ store, ...options })
  const catalog = new Catalog(store, attachments)
  const exists = await catalog.exists(NAME)
  const database = exists ? await catalog.open(NAME) : await catalog.create(NAME, { partitioned: false })
  return {
    database,
    close: async () => {
      await catalog.close()
      await attachments.close()
    },
  }
}

async function digestOf(database: Database): Promise<string> {
  const { ranges } = await database.digests!.of([ALL], signal)
  return `${ranges[0]!.documents} ${formatDigest(ranges[0]!.digest)}`
}

const rev = (generation: number, digit: string): string => `${generation}-${digit.repeat(32)}`
const id = (n: number): string => `doc-${String((n * 7919) % 100_000).padStart(5, '0')}`

/** Documents with one leaf, several, deleted ones, long histories and so many leaves that their tree lies apart. */
async function fill(database: Database, from: number, to: number): Promise<void> {
  const docs = []
  for (let n = from; n < to; n++) {
    docs.push({ _id: id(n), _rev: rev(1, 'a'), _deleted: n % 11 === 0 })
    if (n % 5 === 0) docs.push({ _id: id(n), _rev: rev(2, 'b'), _deleted: n % 3 === 0 })
    if (n % 500 === 0) {
      for (let leaf = 0; leaf < 60; leaf++)
        docs.push({ _id: id(n), _rev: `1-${String(leaf).padStart(32, '0')}`, _deleted: leaf % 2 === 0 })
    }
  }
  await write(database, docs, { replicated: true })
}

async function check(t: ExecutionContext, database: Database, other: Database): Promise<void> {
  t.is(await digestOf(database), await digestOf(other))
  t.is(await digestDifference(database), undefined)
}

test('databases with the same leaves have the same digests, whatever the order of writes', async t => {
  t.timeout(300_000)
  const [one, two] = await Promise.all([openMemoryStore(), openMemoryStore()])
  const [a, b] = [await open(one), await open(two)]
  for (let n = 0; n < 12_000; n += 2000) await fill(a.database, n, n + 2000)
  for (let n = 12_000; n > 0; n -= 3000) await fill(b.database, n - 3000, n)
  await check(t, a.database, b.database)
  await write(a.database, [{ _id: id(5), _rev: rev(7, 'c') }], { replicated: true })
  t.not(await digestOf(a.database), await digestOf(b.database))
  await write(b.database, [{ _id: id(5), _rev: rev(7, 'c') }], { replicated: true })
  await check(t, a.database, b.database)
  // A sum that is known needs no reading, and stays known when blocks are cut.
  for (let n = 12_000; n < 24_000; n += 4000) {
    await fill(a.database, n, n + 4000)
    await fill(b.database, n, n + 4000)
  }
  await check(t, a.database, b.database)
  await Promise.all([a.close(), b.close()])
  await Promise.all([one.close(), two.close()])
})

test('digests are kept from the first comparison on, also when the database is opened again', async t => {
  t.timeout(300_000)
  const [store, elsewhere] = await Promise.all([openMemoryStore(), openMemoryStore()])
  let opened = await open(store)
  const other = await open(elsewhere)
  const { keys } = opened.database[STORAGE]
  const root = async () => {
    const record = await store.get(rootKey(keys, 0))
    return record && decodeRoot(record)
  }
  const writeBoth = async (from: number, to: number): Promise<void> => {
    await fill(opened.database, from, to)
    await fill(other.database, from, to)
  }
  await writeBoth(0, 4000)
  await writeBoth(4000, 13_000)
  await eventually('ranks are counted', async () => (await root()) !== undefined)
  t.like(await root(), { digest: undefined, keepsDigests: false })
  // Documents that changed since are in the journal alone, some of them new, some changed twice.
  await writeBoth(13_000, 13_500)
  await write(opened.database, [{ _id: id(13_001), _rev: rev(3, 'd') }], { replicated: true })
  await write(other.database, [{ _id: id(13_001), _rev: rev(3, 'd') }], { replicated: true })
  await opened.close()
  opened = await open(store)
  await check(t, opened.database, other.database)
  t.like(await root(), { keepsDigests: true })
  await writeBoth(13_500, 14_000)
  await opened.close()
  opened = await open(store)
  t.not((await root())?.digest, undefined)
  await write(opened.database, [{ _id: id(1), _rev: rev(3, 'e') }], { replicated: true })
  t.not(await digestOf(opened.database), await digestOf(other.database))
  await write(other.database, [{ _id: id(1), _rev: rev(3, 'e') }], { replicated: true })
  await check(t, opened.database, other.database)
  await Promise.all([opened.close(), other.close()])
  await Promise.all([store.close(), elsewhere.close()])
})

test('a tree of a version that knew no digests gets them from the documents', async t => {
  t.timeout(300_000)
  const store = await openMemoryStore()
  let opened = await open(store)
  await fill(opened.database, 0, 5000)
  const digest = await digestOf(opened.database)
  const { keys } = opened.database[STORAGE]
  await opened.close()
  const root = decodeRoot((await store.get(rootKey(keys, 0)))!)
  const without = root.leaves.map(leaf => ({ ...leaf, digest: undefined }))
  await store.put(rootKey(keys, 0), encodeRoot({ ...root, leaves: without, digest: undefined }))
  for (const { number } of root.leaves) {
    const blocks = decodeLeaf((await store.get(leafKey(keys, 0, number)))!)
    const bare = blocks.map(block => ({ ...block, digest: undefined }))
    await store.put(leafKey(keys, 0, number), encodeLeaf(bare))
  }
  opened = await open(store)
  t.is(await digestOf(opened.database), digest)
  t.not(decodeRoot((await store.get(rootKey(keys, 0)))!).digest, undefined)
  t.is(await digestDifference(opened.database), undefined)
  await opened.close()
  await store.close()
})

test('a digest that does not fit its documents is found', async t => {
  t.timeout(300_000)
  const store = await openMemoryStore()
  const { database, close } = await open(store)
  await fill(database, 0, 5000)
  await digestOf(database)
  const key = rootKey(database[STORAGE].keys, 0)
  const stored = async () => decodeRoot((await store.get(key))!)
  await eventually('the digest is on disk', async () => (await stored()).digest !== undefined)
  t.is(await digestDifference(database), undefined)
  await store.put(key, encodeRoot({ ...(await stored()), digest: [1, 2, 3, 4] }))
  t.regex((await digestDifference(database)) ?? '', /^the digest 0{7}1.* is that of 5000 others$/)
  await close()
  await store.close()
})
