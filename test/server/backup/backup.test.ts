import { cp, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import S3rver from 's3rver'
import type { Backup } from '../../../protocol/backup.ts'
import { readBackups } from '../../../server/backup/backup-directory.ts'
import { DirectoryPlace } from '../../../server/backup/directory-place.ts'
import { openBackupPlace } from '../../../server/commands/backup-place.ts'
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

/** Keys that s3rver knows. */
const S3_KEYS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' }

/** Starts a server of S3 with an empty bucket "backups", and names it in the environment. */
async function startS3(t: ExecutionContext, directory: string): Promise<void> {
  const configureBuckets = [{ name: 'backups', configs: [] }]
  const s3 = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, configureBuckets })
  const { port } = await s3.run()
  const env = { ...S3_KEYS, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }
  Object.assign(process.env, env)
  t.teardown(async () => {
    for (const name of Object.keys(env)) delete process.env[name]
    await s3.close()
  })
}

test.serial('a bucket of S3 takes backups, gives them back, and keeps so many', async t => {
  const place = await makePlace(t)
  await startS3(t, join(place.data, '..', 's3'))
  const server = await startServer(t, place.data)
  await call(server.url, 'PUT', '/db')
  await call(server.url, 'PUT', '/db/file/f', { raw: Buffer.alloc(500_000, 'x') })
  const bucket = 's3://backups/of/one'
  const first = await takeBackup(t, server.url, bucket)
  await call(server.url, 'PUT', '/db/later', { json: {} })
  const second = await takeBackup(t, server.url, bucket)
  t.true(first.fetched === first.bytes && second.fetched < 400_000, JSON.stringify({ first, second }))
  t.is((await readBackups(await openBackupPlace(bucket))).length, 2)

  const { url } = server
  const restored = await runCli([
    'restore-database',
    bucket,
    'db',
    'again',
    '--url',
    url,
    '--directory',
    dirname(place.data),
  ])
  t.is(restored.code, 0, restored.err)
  t.like((await call(url, 'GET', '/again')).body, { doc_count: 2 })
  t.is((await call<string>(url, 'GET', '/again/file/f')).body.length, 500_000)
  await server.stop()

  t.is(await restore({ backups: bucket, data: place.restored, at: first.created }), 0)
  const old = await startServer(t, place.restored)
  t.is((await call(old.url, 'GET', '/db/later')).status, 404)
  t.is((await call<string>(old.url, 'GET', '/db/file/f')).body.length, 500_000)
  const kept = await runCli(['backup', bucket, '--url', old.url, '--keep', '1'])
  t.is(kept.code, 0, kept.err)
  t.is((await readBackups(await openBackupPlace(bucket))).length, 1)
  await old.stop()
  t.is(await restore({ backups: bucket, data: `${place.restored}-again` }), 0)

  // This server of S3 compares keys, and no signatures.
  process.env.AWS_ACCESS_KEY_ID = 'wrong'
  const never = { backups: bucket, data: `${place.restored}-never` }
  await t.throwsAsync(restore(never), { message: /^GET http:.*: 403, The AWS Access Key Id/ })
  delete process.env.AWS_SECRET_ACCESS_KEY
  await t.throwsAsync(restore(never), { message: /^AWS_SECRET_ACCESS_KEY is not set/ })
})
