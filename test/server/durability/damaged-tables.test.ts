import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Level } from 'level'
import test from 'ava'
import { findFaults } from '../../../server/commands/check.ts'
import { openUnusedStore } from '../../../server/commands/open-unused-store.ts'
import { readManifest } from '../../../server/storage/leveldb/manifest.ts'
import { lostKeysOf } from '../../../server/storage/leveldb/table-file.ts'
import { eventually } from '../../helpers/eventually.ts'
import { databaseNumber } from '../../helpers/faults/database-number.ts'
import { DatabaseKeys, databaseNameKey, KeySpace } from '../../../server/storage/keys.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

const DOCUMENTS = 400
const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

const idOf = (n: number): string => `doc-${String(n).padStart(4, '0')}`
const bodyOf = (n: number) => ({ number: n, text: `text ${n * 7919} `.repeat(8) })

/** A closed store with some documents, all in tables. */
async function withTables(data: string): Promise<void> {
  const server = await startServer({ data })
  await call(server.url, 'PUT', '/db')
  const docs = Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: idOf(n), ...bodyOf(n) }))
  await call(server.url, 'POST', '/db/_bulk_docs', { json: { docs } })
  await server.couchette.close()
  // Opening it moves the log to tables.
  await (await startServer({ data })).couchette.close()
}

async function changeStore(
  data: string,
  change: (store: Level<Uint8Array, Uint8Array>, keys: DatabaseKeys) => Promise<void>,
): Promise<void> {
  const store = new Level<Uint8Array, Uint8Array>(join(data, 'store'), ENCODINGS)
  await change(store, new DatabaseKeys(databaseNumber(await store.get(databaseNameKey('db')))))
  await store.close()
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 0x04 : byte))

test('a changed record is answered with an error that names it, and all else as ever', async t => {
  const dir = await tempDir()
  await withTables(dir.path)
  await changeStore(dir.path, async (store, keys) => {
    const flip = async (key: Buffer, at: number) => {
      const value = await store.get(key)
      if (value === undefined) throw new Error('there is no such record')
      await store.put(key, flipped(value, at))
    }
    await flip(keys.number(KeySpace.body, 8), 20)
    await flip(keys.text(KeySpace.document, idOf(20)), 3)
    await flip(keys.number(KeySpace.change, 31), 12)
    // Each as it was written, in the other's place.
    const [one, other] = [keys.text(KeySpace.document, idOf(40)), keys.text(KeySpace.document, idOf(41))]
    const [first, second] = await store.getMany([one, other])
    await store.batch().put(one, second!).put(other, first!).write()
  })
  const server = await startServer({ data: dir.path })
  try {
    const answers = await Promise.all(
      Array.from({ length: DOCUMENTS }, (_, n) => call(server.url, 'GET', `/db/${idOf(n)}`)),
    )
    const damaged = answers.flatMap(({ status }, n) => (status === 200 ? [] : [n]))
    t.deepEqual(damaged, [7, 20, 40, 41])
    for (const n of damaged) t.is(answers[n]?.body.error, 'damaged_record')
    t.regex(
      String(answers[7]?.body.reason),
      /^The body 8 of database \d+: it was changed on disk, or is damaged\.$/,
    )
    t.regex(String(answers[20]?.body.reason), /^The document "doc-0020" of database \d+: /)
    for (const [n, { status, body }] of answers.entries()) if (status === 200) t.like(body, bodyOf(n))
    const health = await call<{ store: { damaged_reads: number } }>(
      server.url,
      'GET',
      '/_node/_local/_health',
    )
    t.true(health.body.store.damaged_reads >= 4)
    const feed = await call(server.url, 'GET', '/db/_changes?since=0').catch(() => ({ status: 0 }))
    t.not(feed.status, 200)
    t.is((await call(server.url, 'GET', '/db/_changes?since=35')).status, 200)
    const list = await call(server.url, 'GET', '/db/_all_docs').catch(() => ({ status: 0 }))
    t.not(list.status, 200)
    t.is((await call(server.url, 'PUT', '/db/new', { json: {} })).status, 201)
  } finally {
    await server.close()
  }
})

test('flipped bits in the files of tables never give a wrong document', async t => {
  const dir = await tempDir()
  await withTables(dir.path)
  const store = join(dir.path, 'store')
  const tables = (await readdir(store)).filter(name => name.endsWith('.ldb')).map(name => join(store, name))
  let flips = 0
  for (const table of tables) {
    const { size } = await stat(table)
    const handle = await open(table, 'r+')
    const at = Math.floor(size * 0.45)
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at)
    await handle.write(Buffer.of((buffer[0] ?? 0) ^ 0x10), 0, 1, at)
    flips += 1
    await handle.close()
  }
  t.true(flips > 0)
  const server = await startServer({ data: dir.path }).catch((error: unknown) => {
    t.log(`the start is refused: ${String(error)}`)
    return undefined
  })
  try {
    if (server === undefined) return t.pass()
    for (let n = 0; n < DOCUMENTS; n++) {
      const { status, body } = await call(server.url, 'GET', `/db/${idOf(n)}`)
      if (status === 200) t.like(body, { _id: idOf(n), ...bodyOf(n) })
      if (status === 500) t.is(body.error, 'damaged_record')
    }
    t.pass()
  } finally {
    await server?.close()
  }
})

test('what LevelDB itself cannot read is an error that names the record, and is counted', async t => {
  const dir = await tempDir()
  await withTables(dir.path)
  const server = await startServer({ data: dir.path })
  try {
    const store = join(dir.path, 'store')
    const tables = (await readdir(store)).filter(name => name.endsWith('.ldb'))
    // In place, as LevelDB has the files mapped: their first halves are blocks of records.
    for (const table of tables) {
      const handle = await open(join(store, table), 'r+')
      const { size } = await handle.stat()
      await handle.write(Buffer.alloc(size >> 1, 0xff), 0, size >> 1, 0)
      await handle.close()
    }
    const answers = await Promise.all(
      Array.from({ length: DOCUMENTS }, (_, n) => call(server.url, 'GET', `/db/${idOf(n)}`)),
    )
    const failed = answers.filter(({ status }) => status === 500)
    t.true(failed.length > 0)
    for (const { body } of failed) t.is(body.error, 'damaged_record')
    for (const { body } of failed)
      t.regex(String(body.reason), / of database \d+: it was changed on disk, or is damaged\.$/)
    const health = await call<{ store: { damaged_reads: number } }>(
      server.url,
      'GET',
      '/_node/_local/_health',
    )
    t.true(health.body.store.damaged_reads > 0)
    for (const [n, { status, body }] of answers.entries()) if (status === 200) t.like(body, bodyOf(n))
  } finally {
    await server.close().catch(() => undefined)
  }
})

test('no list, feed or query passes over a block that LevelDB cannot read, however soon it ends', async t => {
  const dir = await tempDir()
  await withTables(dir.path)
  for (const at of [0.1, 0.4, 0.7]) await damageLargestTable(join(dir.path, 'store'), at)
  const server = await startServer({ data: dir.path })
  try {
    let failed = 0
    const check = async (n: number, path: string, json?: object): Promise<void> => {
      const answer = call<Rows>(server.url, json ? 'POST' : 'GET', path, json ? { json } : {})
      // An answer that had begun is cut off.
      const { status, body } = await answer.catch((): { status: number; body: Rows } => ({
        status: 0,
        body: {},
      }))
      if (status !== 200) return void (failed += 1)
      const ids = (body.rows ?? body.results ?? body.docs ?? []).map(({ id, _id }) => id ?? _id)
      t.deepEqual(
        ids,
        Array.from({ length: 20 }, (_, i) => idOf(n + i)),
        path,
      )
    }
    for (let n = 0; n < DOCUMENTS; n += 20) {
      await check(n, `/db/_all_docs?limit=20&start_key="${idOf(n)}"`)
      await check(n, `/db/_changes?limit=20&since=${n}`)
      await check(n, '/db/_find', { selector: { _id: { $gte: idOf(n) } }, limit: 20 })
    }
    t.true(failed > 0)
    t.true(failed < 60)
    // What an index has is whole, or it is no index.
    const view = { map: 'function (doc) { emit(doc.number) }', reduce: '_count' }
    await call(server.url, 'PUT', '/db/_design/d', { json: { views: { v: view } } })
    const counted = await call<{ rows?: { value: number }[] }>(server.url, 'GET', '/db/_design/d/_view/v')
    if (counted.status === 200) t.is(counted.body.rows?.[0]?.value, DOCUMENTS)
    const { body } = await call<{ store: { damaged_reads: number } }>(
      server.url,
      'GET',
      '/_node/_local/_health',
    )
    t.true(body.store.damaged_reads > 0)
  } finally {
    await server.close()
  }
})

// LevelDB takes a block of zeros for one without entries, and says nothing: half an index's rows were missing from an answer of 200.
test('a block that LevelDB takes for an empty one is found, told, and no read passes over it', async t => {
  const dir = await tempDir()
  await withTables(dir.path)
  const table = await largestTable(join(dir.path, 'store'))
  const damaged = await emptyBlock(join(dir.path, 'store'), table)
  t.log(`${damaged} bytes`)
  const faults = await findFaultsOf(dir.path)
  t.true(faults.some(fault => /^The table \d+\.ldb was changed on disk/.test(fault)))
  const server = await startServer({ data: dir.path })
  try {
    const healthOf = async () =>
      (await call<{ store: { damaged_tables: string[] } }>(server.url, 'GET', '/_node/_local/_health')).body
        .store
    await eventually('the table is found', async () => (await healthOf()).damaged_tables.length > 0)
    t.regex(
      (await healthOf()).damaged_tables[0]!,
      /^The table \d+\.ldb .*: records from .* may be missing\.$/,
    )
    let refused = 0
    for (let n = 0; n < DOCUMENTS; n += 20) {
      for (const path of [
        `/db/_all_docs?limit=20&start_key="${idOf(n)}"`,
        `/db/_all_docs?limit=20&include_docs=true&start_key="${idOf(n)}"`,
        `/db/_changes?limit=20&since=${n}`,
      ]) {
        const answer = await call<Rows>(server.url, 'GET', path).catch(() => undefined)
        if (answer?.status !== 200) refused += 1
        else t.is((answer.body.rows ?? answer.body.results)?.length, 20, path)
      }
      const { status } = await call(server.url, 'GET', `/db/${idOf(n)}`)
      t.true(status === 200 || status === 500)
    }
    t.true(refused > 0)
    t.true(refused < 60)
  } finally {
    await server.close()
  }
})

type Row = { readonly id?: string; readonly _id?: string }
type Rows = {
  readonly rows?: readonly Row[]
  readonly results?: readonly Row[]
  readonly docs?: readonly Row[]
}

async function largestTable(store: string): Promise<string> {
  const tables = (await readdir(store)).filter(name => name.endsWith('.ldb')).map(name => join(store, name))
  const sizes = await Promise.all(tables.map(async table => (await stat(table)).size))
  return tables[sizes.indexOf(Math.max(...sizes))]!
}

/** Overwrites a block in the middle of a table with zeros. @returns its length */
async function emptyBlock(store: string, table: string): Promise<number> {
  const whole = await readFile(table)
  const keys = (await readManifest(store))!.tables.get(Number.parseInt(basename(table)))!
  const blockOf = async (at: number): Promise<string> => {
    await writeFile(
      table,
      whole.map((byte, index) => (index === at ? byte ^ 1 : byte)),
    )
    return JSON.stringify(await lostKeysOf(table, keys))
  }
  let [from, to] = [whole.length >> 1, whole.length >> 1]
  const block = await blockOf(from)
  while ((await blockOf(from - 1)) === block) from -= 1
  while ((await blockOf(to)) === block) to += 1
  await writeFile(table, whole.fill(0, from, to))
  return to - from
}

async function findFaultsOf(data: string): Promise<readonly string[]> {
  const store = await openUnusedStore(data, undefined)
  const { faults } = await findFaults(store, data).finally(() => store.close())
  return faults
}

async function damageLargestTable(store: string, part: number): Promise<void> {
  const table = await largestTable(store)
  const { size } = await stat(table)
  const handle = await open(table, 'r+')
  // So long that no literal of the compression takes it up: the block cannot be read, rather than hold other keys.
  await handle.write(Buffer.alloc(512, 0xff), 0, 512, Math.floor(size * part))
  await handle.close()
}
