import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import test, { type ExecutionContext } from 'ava'
import { databaseNumber } from '../helpers/faults/database-number.ts'
import { findFaults } from '../../server/commands/check.ts'
import { openUnusedStore } from '../../server/commands/open-unused-store.ts'
import { DatabaseKeys, databaseNameKey, KeySpace } from '../../server/storage/keys.ts'
import { contentsOf } from '../helpers/faults/contents.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'
import { tempDir } from '../helpers/temp.ts'
import { runCli } from './run-cli.ts'

const DOCUMENTS = 60
const idOf = (n: number): string => `doc-${String(n).padStart(3, '0')}`
const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const
const hex = (digit: string): string => digit.repeat(32)

/** Writes documents with conflicts, tombstones, attachments and a view, so that each kind of record is there. */
async function fill(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const docs = Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: idOf(n), n, text: 'x'.repeat(200) }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  const branches = ['a', 'b'].map(digit => ({ _id: idOf(5), _rev: `1-${hex(digit)}`, from: digit }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs: branches, new_edits: false } })
  const { body } = await call(url, 'GET', `/db/${idOf(6)}`)
  await call(url, 'DELETE', `/db/${idOf(6)}?rev=${String(body['_rev'])}`)
  for (const [id, size] of [
    ['small', 1000],
    ['large', 100_000],
  ] as const) {
    const headers = { 'content-type': 'image/png' }
    await call(url, 'PUT', `/db/${id}/f`, { raw: Buffer.alloc(size, 7), headers })
  }
  const views = { by_n: { map: 'function (doc) { emit(doc.n, null) }' } }
  await call(url, 'PUT', '/db/_design/d', { json: { views } })
  await call(url, 'GET', '/db/_design/d/_view/by_n')
  await call(url, 'PUT', '/db/_local/x', { json: { a: 1 } })
}

/** Flips a bit of records of each kind: bodies, documents, rows of the feed, of the index, a local document; and of a file. */
async function damage(data: string): Promise<void> {
  const store = new Level<Uint8Array, Uint8Array>(join(data, 'store'), ENCODINGS)
  const keys = new DatabaseKeys(databaseNumber(await store.get(databaseNameKey('db'))))
  const flip = async (key: Uint8Array): Promise<void> => {
    const value = await store.get(key)
    if (value === undefined) throw new Error(`there is no record ${Buffer.from(key).toString('hex')}`)
    await store.put(
      key,
      value.map((byte, at) => (at === value.length - 6 ? byte ^ 4 : byte)),
    )
  }
  await flip(keys.number(KeySpace.body, 8))
  for (const n of [5, 6, 20]) await flip(keys.text(KeySpace.document, idOf(n)))
  await flip(keys.number(KeySpace.change, 31))
  await flip(keys.text(KeySpace.local, '_local/x'))
  const [row] = await store.keys({ ...keys.range(KeySpace.index), reverse: true, limit: 1 }).all()
  await flip(row!)
  await store.close()
  const attachments = join(data, 'attachments')
  for (const entry of await readdir(attachments, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = await open(join(entry.parentPath, entry.name), 'r+')
    const { size } = await file.stat()
    if (size > 50_000) await file.write(Buffer.of(9), 0, 1, 50_000)
    await file.close()
  }
}

async function expectWhole(
  t: ExecutionContext,
  data: string,
  expected: Record<string, string>,
): Promise<void> {
  const store = await openUnusedStore(data, undefined)
  t.deepEqual((await findFaults(store, data)).faults, [])
  await store.close()
  const server = await startServer({ data })
  t.deepEqual(await contentsOf(server.url, 'db'), expected)
  const { body } = await call<{ total_rows: number }>(server.url, 'GET', '/db/_design/d/_view/by_n')
  // All but the deleted one; the two with attachments are among them.
  t.is(body.total_rows, DOCUMENTS + 1)
  const { body: feed } = await call<{ results: readonly unknown[] }>(server.url, 'GET', '/db/_changes')
  t.is(feed.results.length, DOCUMENTS + 3)
  await server.couchette.close()
}

test('damaged documents, records and attachments are taken from a peer', async t => {
  const dir = await tempDir()
  const data = join(dir.path, 'data')
  const server = await startServer({ data })
  await fill(server.url)
  const expected = await contentsOf(server.url, 'db')
  const peer = await startServer()
  const { origin } = new URL(server.url)
  const source = { url: `${origin}/db`, auth: { basic: { username: 'admin', password: 'pass' } } }
  await call(peer.url, 'POST', '/_replicate', { json: { source, target: 'db', create_target: true } })
  await server.couchette.close()
  await damage(data)
  const { code, out, err } = await runCli(['restore-damaged', '--data', data, '--from', peer.url])
  t.is(code, 0, err)
  t.regex(out, /db: 6 documents restored/)
  await expectWhole(t, data, expected)
  const again = await runCli(['restore-damaged', '--data', data, '--from', peer.url])
  t.regex(again.out, /Nothing is damaged/)
  await peer.close()
  await dir.remove()
})

test('what the other side does not have stays, and is named', async t => {
  const dir = await tempDir()
  const data = join(dir.path, 'data')
  const server = await startServer({ data })
  await fill(server.url)
  await server.couchette.close()
  await damage(data)
  const peer = await startServer()
  await call(peer.url, 'PUT', '/db')
  const { code, out } = await runCli(['restore-damaged', '--data', data, '--from', peer.url])
  t.is(code, 6)
  t.regex(out, /db\/doc-020 is damaged, and not at the other side/)
  const reopened = await startServer({ data })
  t.is((await call(reopened.url, 'GET', `/db/${idOf(20)}`)).body['error'], 'damaged_record')
  t.is((await call(reopened.url, 'GET', `/db/${idOf(21)}`)).status, 200)
  await reopened.couchette.close()
  await peer.close()
  await dir.remove()
})

test('a backup is as good as a peer', async t => {
  const dir = await tempDir()
  const [data, backups] = [join(dir.path, 'data'), join(dir.path, 'backups')]
  // A store in memory has no backup.
  const server = await startServer({ data, memory: false })
  await fill(server.url)
  const expected = await contentsOf(server.url, 'db')
  t.is((await runCli(['backup', backups, '--url', server.url])).code, 0)
  await server.couchette.close()
  await damage(data)
  const { code, err } = await runCli(['restore-damaged', '--data', data, '--backups', backups])
  t.is(code, 0, err)
  await expectWhole(t, data, expected)
  await dir.remove()
})
