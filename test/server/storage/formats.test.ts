import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { projectFile } from '../../../harness/project.ts'
import { addChecksums } from '../../../server/storage/checksums/add-checksums.ts'
import { CheckedStore } from '../../../server/storage/checksums/checked-store.ts'
import type { Store } from '../../../server/storage/contract.ts'
import { FORMAT_VERSION } from '../../../server/storage/format.ts'
import { metaKey } from '../../../server/storage/keys.ts'
import { call } from '../../helpers/http.ts'
import { openMemoryLevel } from '../../../server/storage/store.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

const STORES = projectFile('fixtures/stores')
const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

async function holdsEverything(t: ExecutionContext, url: string): Promise<void> {
  const info = (
    await call<{ doc_count: number; doc_del_count: number; update_seq: string }>(url, 'GET', '/db')
  ).body
  t.is(info.doc_count, 52)
  t.is(info.doc_del_count, 1)
  t.regex(info.update_seq, /^57-/)
  t.like((await call(url, 'GET', '/db/doc-007')).body, { n: 7, edited: true })
  t.is((await call(url, 'GET', '/db/doc-008')).status, 404)
  const leaves = await call<unknown[]>(url, 'GET', '/db/doc-009?open_revs=all')
  t.is(leaves.body.length, 2)
  const conflicts = await call<{ total_rows: number; rows: { id: string; conflicts: string[] }[] }>(
    url,
    'GET',
    '/db/_conflicts',
  )
  t.like(conflicts.body, { total_rows: 1, rows: { 0: { id: 'doc-009' }, length: 1 } })
  const feed = await call<{ results: unknown[] }>(url, 'GET', '/db/_changes')
  t.is(feed.body.results.length, 53)
  const view = await call<{ rows: unknown[] }>(url, 'GET', '/db/_design/d/_view/n?group=true')
  t.is(view.body.rows.length, 49)
  t.like((await call(url, 'GET', '/db/_local/l')).body, { local: 1 })
  t.deepEqual((await call(url, 'GET', '/db/_security')).body.members, { names: ['bob'], roles: [] })
  t.is((await call<string>(url, 'GET', '/db/small/a')).body, 'small attachment')
  t.is((await call<string>(url, 'GET', '/db/large/a')).body.length, 40_000)
}

for (let format = 1; format <= FORMAT_VERSION; format++) {
  test(`a store of format ${format} opens, holds everything, and goes on in the present format`, async t => {
    const dir = await tempDir()
    await cp(join(STORES, `format-${format}`), dir.path, { recursive: true })
    for (let start = 0; start < 2; start++) {
      const server = await startServer({ data: dir.path })
      try {
        await holdsEverything(t, server.url)
        await call(server.url, 'PUT', '/db/_local/again', { json: { start } })
      } finally {
        await server.couchette.close()
      }
    }
    const level = new Level<Uint8Array, Uint8Array>(join(dir.path, 'store'), ENCODINGS)
    t.is(Buffer.from((await level.get(metaKey('format'))) ?? []).toString(), String(FORMAT_VERSION))
    await level.close()
    await dir.remove()
  })
}

/** A store whose third batch fails. */
function failing(store: Store): Store {
  let batches = 0
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'batch' && ++batches === 3) return () => failingBatch(target)
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}

function failingBatch(store: Store): unknown {
  const batch = store.batch()
  batch.write = () => Promise.reject(new Error('cut off'))
  return batch
}

test('a migration that was cut off goes on where it was', async t => {
  const store = (await openMemoryLevel()) as Store
  const written = new Map<string, string>()
  const batch = store.batch()
  for (let n = 0; n < 5500; n++) {
    const key = Buffer.from([0x10, 0, 0, 0, n % 5, n % 9, n >> 8, n & 0xff])
    written.set(key.toString('hex'), `value ${n}`)
    batch.put(key, Buffer.from(`value ${n}`))
  }
  await batch.write()
  await t.throwsAsync(
    addChecksums(failing(store), () => {}),
    { message: 'cut off' },
  )
  await addChecksums(store, () => {})
  const found = await new CheckedStore(store).iterator({ gte: Buffer.from([0x10]) }).all()
  t.deepEqual(
    new Map(found.map(([key, value]) => [Buffer.from(key).toString('hex'), Buffer.from(value).toString()])),
    new Map([...written].sort()),
  )
})
