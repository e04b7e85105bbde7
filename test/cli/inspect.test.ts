import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'ava'
import { Level } from 'level'
import { program } from '../../harness/project.ts'
import { createServer } from '../../server/main.ts'
import { DatabaseKeys, databaseNameKey } from '../../server/storage/keys.ts'
import { call } from '../helpers/http.ts'
import { tempDir } from '../helpers/temp.ts'

const MAIN = program('cli/main')

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function inspect(...args: string[]): Promise<Ended> {
  return new Promise(resolve => {
    execFile(process.execPath, [...MAIN, 'inspect', ...args], (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })
}

/** Changes a bit in the values of some keys of the database `orders`. */
async function damage(data: string, keysOf: (keys: DatabaseKeys) => readonly Buffer[]): Promise<void> {
  const store = new Level<Uint8Array, Uint8Array>(join(data, 'store'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  })
  const record = Buffer.from((await store.get(databaseNameKey('orders'))) ?? [])
  const { number } = JSON.parse(record.subarray(0, -4).toString()) as { number: number }
  for (const key of keysOf(new DatabaseKeys(number))) {
    const value = Buffer.from((await store.get(key)) ?? [])
    value[2] = (value[2] ?? 0) ^ 1
    await store.put(key, value)
  }
  await store.close()
}

/*
 * 1-a ─ 2-b ─ 3-c
 *     └ 2-d (deleted)
 */
const REVISIONS = [
  { _id: 'tree', _rev: '3-c', _revisions: { start: 3, ids: ['c', 'b', 'a'] } },
  { _id: 'tree', _rev: '2-d', _revisions: { start: 2, ids: ['d', 'a'] }, _deleted: true },
]

test('inspect shows databases, an index and a tree of a store that no server uses', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const server = await createServer({
    data: dir.path,
    port: 0,
    admin: { name: 'admin', password: 'pass' },
  })
  t.teardown(() => server.close())
  const url = server.url.replace('://', '://admin:pass@')
  await call(url, 'PUT', '/orders')
  await call(url, 'POST', '/orders/_bulk_docs', { json: { new_edits: false, docs: REVISIONS } })
  await call(url, 'PUT', '/orders/_design/d', {
    json: { views: { all: { map: 'function (d) { emit(d._id) }' } } },
  })
  await call(url, 'GET', '/orders/_design/d/_view/all')

  const inUse = await inspect(dir.path)
  t.is(inUse.code, 1)
  t.regex(inUse.err, /^couchette: The data in \S+ is in use by another process: .*\n$/)

  await server.close()
  const all = await inspect(dir.path)
  t.is(all.err, '')
  t.regex(all.out, /^DATABASE +DOCUMENTS +DELETED +CONFLICTS +SEQUENCE +BYTES$/m)
  t.regex(all.out, /^orders +2 +0 +0 +2 +\d+$/m)
  t.regex(all.out, /^_users +1 /m)

  const one = await inspect(dir.path, '--database', 'orders')
  t.regex(one.out, /^ {2}update sequence {3}2-\S+$/m)
  t.regex(one.out, /^[0-9a-f]{32} +2 +0 +1 +_design\/d$/m)

  const document = await inspect(dir.path, '--database', 'orders', '--document', 'tree')
  t.regex(
    document.out,
    /^tree: winner 3-c, sequence \d+, \d+ bytes\n1-a\n {2}2-b\n {2}3-c {2}\(winner\)\n {2}2-d {2}\(leaf, deleted\)\n$/,
  )

  t.deepEqual(await inspect(dir.path, '--database', 'none'), {
    code: 1,
    out: '',
    err: 'couchette: There is no database none.\n',
  })
  await damage(dir.path, keys => [keys.state])
  const broken = await inspect(dir.path)
  t.is(broken.code, 1)
  t.regex(broken.out, /^orders +damaged$/m)
  t.regex(broken.out, /^_users +1 /m)
  const damaged = await inspect(dir.path, '--database', 'orders')
  t.is(damaged.code, 1)
  t.regex(damaged.err, /^couchette: The state of database \d+: it was changed on disk, or is damaged\.\n$/)

  t.regex((await inspect(join(dir.path, 'nothing'))).err, /^couchette: The store \S+ cannot be used: .*\.\n$/)
})
