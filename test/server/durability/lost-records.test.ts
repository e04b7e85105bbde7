import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { Level } from 'level'
import { DatabaseKeys, databaseNameKey, droppedKey, metaKey } from '../../../server/storage/keys.ts'
import { databaseNumber } from '../../helpers/faults/database-number.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

type Records = Level<Uint8Array, Uint8Array>

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** A closed store of two databases with a document each, some of whose records were changed on disk. */
async function withChanged(data: string, change: (store: Records) => Promise<void>): Promise<void> {
  const server = await startServer({ data })
  for (const name of ['one', 'two']) {
    await call(server.url, 'PUT', `/${name}`)
    await call(server.url, 'PUT', `/${name}/doc`, { json: { of: name } })
  }
  await server.couchette.close()
  const store: Records = new Level(join(data, 'store'), ENCODINGS)
  await change(store)
  await store.close()
}

async function numberOf(store: Records, name: string): Promise<number> {
  return databaseNumber(await store.get(databaseNameKey(name)))
}

test('a lost record of the next number gives no database the records of another one', async t => {
  const dir = await tempDir()
  await withChanged(dir.path, store => store.del(metaKey('next')))
  const server = await startServer({ data: dir.path })
  try {
    t.is((await call(server.url, 'PUT', '/three')).status, 201)
    t.is((await call<{ total_rows: number }>(server.url, 'GET', '/three/_all_docs')).body.total_rows, 0)
    await call(server.url, 'PUT', '/three/doc', { json: { of: 'three' } })
    t.is((await call(server.url, 'DELETE', '/three')).status, 200)
    for (const name of ['one', 'two'])
      t.like((await call(server.url, 'GET', `/${name}/doc`)).body, { of: name })
  } finally {
    await server.close()
  }
})

test('a database whose state is lost is damaged, and takes no document in the place of another', async t => {
  const dir = await tempDir()
  await withChanged(dir.path, async store => store.del(new DatabaseKeys(await numberOf(store, 'one')).state))
  const server = await startServer({ data: dir.path })
  try {
    const answers = [
      await call(server.url, 'PUT', '/one/new', { json: {} }),
      await call(server.url, 'GET', '/one/doc'),
    ]
    for (const { status, body } of answers) {
      t.is(status, 500)
      t.like(body, { error: 'damaged_record' })
      t.regex(String((body as { reason: string }).reason), /^The state of database \d+: /)
    }
    t.like((await call(server.url, 'GET', '/two/doc')).body, { of: 'two' })
  } finally {
    await server.close()
  }
})

test('a changed record of a dropped database deletes no other one', async t => {
  const dir = await tempDir()
  await withChanged(dir.path, async store => {
    const one = await numberOf(store, 'one')
    // The checksum is that of another key, as where a bit of the key was flipped.
    await store.put(droppedKey(one), Uint8Array.of(1, 2, 3, 4))
  })
  const server = await startServer({ data: dir.path })
  try {
    await call(server.url, 'PUT', '/three')
    t.is((await call(server.url, 'DELETE', '/three')).status, 200)
    t.like((await call(server.url, 'GET', '/one/doc')).body, { of: 'one' })
  } finally {
    await server.close()
  }
})

test('a lost key of credentials is replaced, and the credentials that it sealed are named', async t => {
  const { path: data } = await tempDir()
  const first = await startServer({ data })
  const credential = { url: 'https://db.example.org', username: 'copy', password: 'secret' }
  t.is((await call(first.url, 'PUT', '/_credentials/prod', { json: credential })).status, 201)
  await first.couchette.close()
  await rm(join(data, 'credentials.key'))
  const second = await startServer({ data })
  t.like((await call(second.url, 'GET', '/_credentials/prod')).body, { name: 'prod', unreadable: true })
  t.is((await call(second.url, 'PUT', '/_credentials/prod', { json: credential })).status, 200)
  t.is((await call(second.url, 'GET', '/_credentials/prod')).body.unreadable, undefined)
  await second.close()
})

test('a key of credentials that could not be written whole does not keep the next start from making it', async t => {
  const { path: data } = await tempDir()
  const inTheWay = join(data, 'credentials.key.new')
  await mkdir(inTheWay, { recursive: true })
  await t.throwsAsync(startServer({ data }), { message: /^The key of credentials cannot be written: / })
  await rm(inTheWay, { recursive: true })
  await (await startServer({ data })).close()
})
