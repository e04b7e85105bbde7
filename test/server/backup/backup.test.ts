import { cp, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Backup } from '../../../protocol/backup.ts'
import { readBackups } from '../../../server/backup/backup-directory.ts'
import { DirectoryPlace } from '../../../server/backup/directory-place.ts'
import { check } from '../../../server/commands/check.ts'
import { restore } from '../../../server/commands/restore.ts'
import { runCli } from '../../cli/run-cli.ts'
import { attachmentFiles } from '../../helpers/attachment-files.ts'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'
import { tempDir } from '../../helpers/temp.ts'

const KEY = { COUCHETTE_ENCRYPTION_KEY: 'c0'.repeat(32) }

interface Place {
  readonly data: string
  readonly backups: string
  readonly restored: string
}

async function makePlace(t: ExecutionContext): Promise<Place> {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  return {
    data: join(dir.path, 'data'),
    backups: join(dir.path, 'backups'),
    restored: join(dir.path, 'restored'),
  }
}

async function startServer(t: ExecutionContext, data: string, env: Readonly<Record<string, string>> = {}) {
  const server = await spawnServer(data, env)
  t.teardown(() => server.kill())
  return server
}

async function takeBackup(t: ExecutionContext, url: string, directory: string) {
  const { code, out, err } = await runCli(['backup', directory, '--url', url, '--json'])
  t.is(code, 0, err)
  return JSON.parse(out) as { created: string; bytes: number; fetched: number }
}

interface Changes {
  readonly results: readonly { readonly seq: string; readonly id: string }[]
  readonly last_seq: string
}

const isConsistent = test.macro(async (t: ExecutionContext, env: Readonly<Record<string, string>> = {}) => {
  const place = await makePlace(t)
  const server = await startServer(t, place.data, env)
  const names = ['one', 'two']
  for (const name of names) await call(server.url, 'PUT', `/${name}`)
  const attachment = Buffer.alloc(100_000, 'attachment')
  await call(server.url, 'PUT', '/one/file/f', { raw: attachment })

  // Each writer numbers its documents, so a copy of one moment has them without a gap.
  let writing = true
  const acknowledged = [0, 0]
  const write = async (at: number) => {
    while (writing) {
      const docs = Array.from({ length: 20 }, (_, n) => ({
        _id: `n${String(acknowledged[at]! + n).padStart(6, '0')}`,
      }))
      await call(server.url, 'POST', `/${names[at]}/_bulk_docs`, { json: { docs } })
      acknowledged[at]! += docs.length
    }
  }
  const writers = [write(0), write(1)]
  const least: (readonly number[])[] = []
  for (let round = 0; round < 3; round++) {
    least.push([...acknowledged])
    await takeBackup(t, server.url, place.backups)
    await call(server.url, 'POST', '/one/_compact', { json: {} })
  }
  writing = false
  await Promise.all(writers)
  await server.stop()

  Object.assign(process.env, env)
  t.teardown(() => {
    for (const key of Object.keys(env)) delete process.env[key]
  })
  for (const [round, { created }] of (await readBackups(new DirectoryPlace(place.backups))).entries()) {
    const data = `${place.restored}-${round}`
    t.is(await restore({ backups: place.backups, data, at: created }), 0)
    const again = await startServer(t, data, env)
    for (const [at, name] of names.entries()) {
      const { body } = await call<Changes>(again.url, 'GET', `/${name}/_changes`)
      const ids = body.results.map(row => row.id).filter(id => id.startsWith('n'))
      const whole = Array.from({ length: ids.length }, (_, n) => `n${String(n).padStart(6, '0')}`)
      t.deepEqual(ids.toSorted(), whole, 'a copy of one moment has no gap')
      t.true(ids.length >= least[round]![at]!, 'what was acknowledged before a backup is in it')
    }
    t.is((await call(again.url, 'GET', '/one/file/f')).status, 200)
    await again.stop()
  }
})

test.serial('backups of a server that is written to are of one moment, and are restored whole', isConsistent)
test.serial('so are those of an encrypted store', isConsistent, KEY)

test.serial('a restored database tells the sequences from after the backup from its own', async t => {
  const place = await makePlace(t)
  const server = await startServer(t, place.data)
  await call(server.url, 'PUT', '/db')
  const seqOf = async (url: string) => (await call<{ update_seq: string }>(url, 'GET', '/db')).body.update_seq
  for (const id of ['a', 'b']) await call(server.url, 'PUT', `/db/${id}`, { json: {} })
  const first = await seqOf(server.url)
  await call(server.url, 'PUT', '/db/c', { json: {} })
  await takeBackup(t, server.url, place.backups)
  await call(server.url, 'PUT', '/db/lost', { json: {} })
  const future = await seqOf(server.url)
  await server.stop()

  await restore({ backups: place.backups, data: place.restored })
  const again = await startServer(t, place.restored)
  await call(again.url, 'PUT', '/db/fresh', { json: {} })
  t.is(parseInt(await seqOf(again.url), 10), parseInt(future, 10))
  t.not(await seqOf(again.url), future)
  const since = async (seq: string) => {
    const { body } = await call<Changes>(again.url, 'GET', `/db/_changes?since=${encodeURIComponent(seq)}`)
    return body.results.map(row => row.id)
  }
  t.deepEqual(await since(first), ['c', 'fresh'])
  t.deepEqual(await since(future), ['fresh'], 'a reader from after the backup is given what is new')
  t.deepEqual(await since(await seqOf(again.url)), [])
})

test.serial('only what changed is fetched, and old backups are removed', async t => {
  const place = await makePlace(t)
  const server = await startServer(t, place.data)
  await call(server.url, 'PUT', '/db')
  await call(server.url, 'PUT', '/db/file/f', { raw: Buffer.alloc(3_000_000, 'x') })
  const first = await takeBackup(t, server.url, place.backups)
  await call(server.url, 'PUT', '/db/more', { json: {} })
  const second = await takeBackup(t, server.url, place.backups)
  t.true(first.fetched === first.bytes && second.fetched < 200_000, JSON.stringify({ first, second }))
  const { code } = await runCli(['backup', place.backups, '--url', server.url, '--keep', '1'])
  t.is(code, 0)
  t.is((await readBackups(new DirectoryPlace(place.backups))).length, 1)
  t.is(await restore({ backups: place.backups, data: place.restored }), 0)
})

test.serial('content that was cut or damaged since the backup before is fetched again', async t => {
  const place = await makePlace(t)
  const server = await startServer(t, place.data)
  await call(server.url, 'PUT', '/db')
  await call(server.url, 'PUT', '/db/file/f', { raw: Buffer.alloc(200_000, 'z') })
  await takeBackup(t, server.url, place.backups)
  const [backup] = (await readBackups(new DirectoryPlace(place.backups))) as unknown as [Backup]
  const { sha256, size } = backup.files.find(file => file.path.startsWith('attachments/'))!
  const path = join(place.backups, 'files', sha256.slice(0, 2), sha256)
  const whole = await readFile(path)
  for (const damage of [() => truncate(path, 100), () => writeFile(path, Buffer.alloc(size))]) {
    await damage()
    t.true((await takeBackup(t, server.url, place.backups)).fetched >= size)
    t.deepEqual(await readFile(path), whole)
  }
})

test.serial('one backup is taken at a time, by server administrators alone', async t => {
  const place = await makePlace(t)
  const server = await startServer(t, place.data)
  const { origin } = new URL(server.url)
  t.is((await call(origin, 'POST', '/_node/_local/_backup', { json: {} })).status, 401)
  const begun = await call<{ id: string }>(server.url, 'POST', '/_node/_local/_backup', { json: {} })
  t.is(begun.status, 201)
  const second = await call(server.url, 'POST', '/_node/_local/_backup', { json: {} })
  t.like(second, { status: 409, body: { error: 'conflict' } })
  const path = `/_node/_local/_backup/${begun.body.id}`
  for (const file of ['../couchette.ini', '%2e%2e/couchette.ini', 'store/none', ''])
    t.is((await call(server.url, 'GET', `${path}/${file}`)).status === 200, false, file)
  t.is((await call(origin, 'GET', `${path}/store/CURRENT`)).status, 401)
  t.is((await call(server.url, 'GET', `${path}/store/CURRENT`)).status, 200)
  t.is((await call(server.url, 'DELETE', path)).status, 200)
  t.is((await call(server.url, 'DELETE', path)).status, 404)
})

test.serial('damage of a backup and of a data directory is found, and named', async t => {
  const place = await makePlace(t)
  const server = await startServer(t, place.data)
  await call(server.url, 'PUT', '/db')
  await call(server.url, 'PUT', '/db/file/f', { raw: Buffer.alloc(100_000, 'y') })
  await takeBackup(t, server.url, place.backups)
  await server.stop()
  t.is(await check({ data: place.data, json: true }), 0)

  const [backup] = (await readBackups(new DirectoryPlace(place.backups))) as unknown as [Backup]
  const content = backup.files.find(file => file.path.startsWith('attachments/'))!
  const path = join(place.backups, 'files', content.sha256.slice(0, 2), content.sha256)
  const bytes = await readFile(path)
  bytes[500]! ^= 1
  await writeFile(path, bytes)
  await t.throwsAsync(restore({ backups: place.backups, data: place.restored }), {
    message: `The backup is damaged: its content of ${content.path} is changed.`,
  })
  await t.throwsAsync(restore({ backups: place.backups, data: place.data }), {
    message: /holds something already/,
  })

  const [file = ''] = await attachmentFiles(place.data)
  const stored = await readFile(file)
  stored[500]! ^= 1
  await writeFile(file, stored)
  t.is(await check({ data: place.data, json: true }), 1)
})

test.serial('data of an older format are migrated, then checked', async t => {
  const { data } = await makePlace(t)
  await cp('fixtures/stores/format-2', data, { recursive: true })
  t.is(await check({ data, json: true }), 0)
})
