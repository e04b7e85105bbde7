import { mkdir, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
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

const REPORT = { settings: [{ section: 'couchette', key: 'on_damage', value: 'report' }] }

async function missingAtStart(url: string): Promise<readonly string[]> {
  const { body } = await call<{ store: { missing_at_start: string[] } }>(url, 'GET', '/_node/_local/_health')
  return body.store.missing_at_start
}

test('a store that LevelDB cannot open is refused with what there is to do, whatever on_damage says', async t => {
  const { path: data } = await tempDir()
  await withChanged(data, async () => {})
  const store = join(data, 'store')
  const current = join(store, 'CURRENT')
  const table = join(store, (await readdir(store)).find(name => name.endsWith('.ldb')) ?? '')
  const damages: [cause: RegExp, damage: () => Promise<void>][] = [
    [/IO error: .*\.ldb/, () => truncate(table, 0)],
    [/1 missing files/, () => rm(table)],
    [/CURRENT names no manifest/, () => truncate(current, 8)],
    [/MANIFEST-999999 is missing/, () => writeFile(current, 'MANIFEST-999999\n')],
  ]
  for (const [cause, damage] of damages) {
    await damage()
    for (const options of [{}, REPORT]) {
      const { message, name } = (await t.throwsAsync(startServer({ data, ...options }))) ?? {}
      t.regex(message ?? '', cause)
      t.regex(
        message ?? '',
        /^The data in \S+store is damaged: .* Restore a backup \(couchette restore\), or begin with /,
      )
      t.is(name, 'Error')
    }
  }
})

test('a start without the witness of what was acknowledged goes on, and says so', async t => {
  const { path: data } = await tempDir()
  await withChanged(data, async () => {})
  const witness = join(data, 'store', 'ACKNOWLEDGED')
  for (const damage of [() => rm(witness), () => writeFile(witness, '1 9 closed 0')]) {
    await damage()
    const server = await startServer({ data })
    const [found, ...others] = await missingAtStart(server.url)
    t.regex(found ?? '', /^The file ACKNOWLEDGED in \S+ is missing or damaged: /)
    t.deepEqual(others, [])
    await server.couchette.close()
  }
  const server = await startServer({ data })
  t.deepEqual(await missingAtStart(server.url), [])
  await server.close()
})

test('damage that a start comes upon is a sentence with what there is to do', async t => {
  const { path: data } = await tempDir()
  await withChanged(data, store =>
    store.put(databaseNameKey('_users'), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
  )
  const error = await t.throwsAsync(startServer({ data }))
  t.regex(
    error?.message ?? '',
    /^The data in \S+ is damaged\. The record 015f7573657273: .* couchette check names all /,
  )
})

test('attachments that are not of the store are refused, or reported', async t => {
  const { path: data } = await tempDir()
  const [files, away] = [join(data, 'attachments'), join(data, 'away')]
  const first = await startServer({ data })
  await call(first.url, 'PUT', '/db')
  await call(first.url, 'PUT', '/db/one/a', {
    raw: Buffer.alloc(100_000, 65),
    headers: { 'content-type': 'x/y' },
  })
  await first.couchette.close()
  const isTold = async (what: RegExp) => {
    const error = await t.throwsAsync(startServer({ data }))
    t.regex(error?.message ?? '', what)
    t.regex(error?.message ?? '', /on_damage = report\.$/)
    const server = await startServer({ data, ...REPORT })
    t.regex((await missingAtStart(server.url))[0] ?? '', what)
    await server.couchette.close()
  }
  await rename(files, away)
  await isTold(
    /^The attachments in \S+ do not belong to the store: the store names the file \S+, which is not there\./,
  )
  await rm(files, { recursive: true, force: true })
  await rename(away, files)
  await rename(join(data, 'store'), away)
  await rm(join(data, 'STORE_MADE'))
  await isTold(
    /^The attachments in \S+ do not belong to the store: the store is new, and \S+ is of another one\./,
  )
  await rm(join(data, 'store'), { recursive: true })
  await rename(away, join(data, 'store'))
  const last = await startServer({ data })
  t.deepEqual(await missingAtStart(last.url), [])
  t.is((await call<string>(last.url, 'GET', '/db/one/a')).body, 'A'.repeat(100_000))
  await last.close()
})
