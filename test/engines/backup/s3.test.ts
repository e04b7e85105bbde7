import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { contentPath } from '../../../protocol/backup.ts'
import { readBackups } from '../../../server/backup/backup-directory.ts'
import { openBackupPlace } from '../../../server/commands/backup-place.ts'
import { check } from '../../../server/commands/check.ts'
import { restore } from '../../../server/commands/restore.ts'
import { runCli } from '../../cli/run-cli.ts'
import { attachmentFiles } from '../../helpers/attachment-files.ts'
import { contentsOf } from '../../helpers/faults/contents.ts'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'
import { tempDir } from '../../helpers/temp.ts'
import { VersityGateway } from './versity-gateway.ts'

let gateway: VersityGateway | undefined

test.before(async () => {
  gateway = await VersityGateway.start('backups')
  Object.assign(process.env, gateway.environment)
})

test.after.always(() => gateway?.close())

async function startServer(t: ExecutionContext, data: string) {
  const server = await spawnServer(data)
  t.teardown(() => server.kill())
  return server
}

/** Starts a server with a database of an attachment and a document. */
async function startFilled(t: ExecutionContext) {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const data = join(dir.path, 'data')
  const server = await startServer(t, data)
  await call(server.url, 'PUT', '/db')
  await call(server.url, 'PUT', '/db/file/f', { raw: Buffer.alloc(500_000, 'x') })
  await call(server.url, 'PUT', '/db/early', { json: { text: 'ä' } })
  return { server, data, dir: dir.path }
}

async function takeBackup(t: ExecutionContext, url: string, bucket: string, ...more: readonly string[]) {
  const { code, out, err } = await runCli(['backup', bucket, '--url', url, '--json', ...more])
  t.is(code, 0, err)
  return JSON.parse(out) as { created: string; bytes: number; fetched: number; removed: number }
}

async function backupsIn(bucket: string) {
  const place = await openBackupPlace(bucket)
  return readBackups(place).finally(() => place.close())
}

/** Returns the paths of the contents that a bucket keeps below a prefix. */
async function contentsIn(prefix: string): Promise<string[]> {
  const directory = gateway!.file('backups', `${prefix}/files`)
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(({ name }) => contentPath(name))
}

/** Sets variables of the environment until the test ends. */
function setEnvironment(t: ExecutionContext, values: Readonly<Record<string, string>>): void {
  const before = { ...process.env }
  Object.assign(process.env, values)
  t.teardown(() => {
    for (const name of Object.keys(values))
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
  })
}

// Characters that are encoded in paths and queries enter the signatures.
for (const prefix of ['plain', "of one/ä+(1)&'~*!=%41"])
  test.serial(`a bucket takes backups, gives each back, and keeps so many: ${prefix}`, async t => {
    const { server, dir } = await startFilled(t)
    const bucket = `s3://backups/${prefix}`
    const expected = await contentsOf(server.url, 'db')
    const first = await takeBackup(t, server.url, bucket)
    await call(server.url, 'PUT', '/db/later', { json: {} })
    const second = await takeBackup(t, server.url, bucket)
    t.true(first.fetched === first.bytes && second.fetched < 400_000, JSON.stringify({ first, second }))
    t.deepEqual(
      (await backupsIn(bucket)).map(({ created }) => created),
      [first.created, second.created],
    )
    await server.stop()

    const [then, now] = [join(dir, 'then'), join(dir, 'now')]
    t.is(await restore({ backups: bucket, data: then, at: first.created }), 0)
    const old = await startServer(t, then)
    t.deepEqual(await contentsOf(old.url, 'db'), expected)
    await call(old.url, 'DELETE', '/db')
    const third = await takeBackup(t, old.url, bucket, '--keep', '1')
    t.is(third.removed, 2)
    const [kept, ...others] = await backupsIn(bucket)
    t.deepEqual(others, [])
    t.is(kept?.created, third.created)
    t.deepEqual(
      (await contentsIn(prefix)).sort(),
      [...new Set(kept?.files.map(({ sha256 }) => contentPath(sha256)))].sort(),
      'contents of removed backups alone are removed',
    )
    await old.stop()
    t.is(await restore({ backups: bucket, data: now }), 0)
    const again = await startServer(t, now)
    t.is((await call(again.url, 'GET', '/db')).status, 404)
  })

test.serial('one database of a bucket comes to a running server under another name', async t => {
  const { server, dir } = await startFilled(t)
  const { url } = server
  const bucket = 's3://backups/one-database'
  await takeBackup(t, url, bucket)
  const expected = await contentsOf(url, 'db')
  await call(url, 'PUT', '/db/later', { json: {} })
  const args = ['restore-database', bucket, 'db', 'again', '--url', url, '--directory', dir]
  const { code, err } = await runCli(args)
  t.is(code, 0, err)
  t.deepEqual(await contentsOf(url, 'again'), expected)
})

test.serial('damaged documents are taken from a bucket', async t => {
  const { server, data, dir } = await startFilled(t)
  const bucket = 's3://backups/damaged'
  await takeBackup(t, server.url, bucket)
  const expected = await contentsOf(server.url, 'db')
  await server.stop()
  const [file = ''] = await attachmentFiles(data)
  await flipByte(file)
  t.is(await check({ data, json: true }), 1)
  const args = ['restore-damaged', '--data', data, '--backups', bucket, '--directory', dir]
  const { code, out, err } = await runCli(args)
  t.is(code, 0, err)
  t.regex(out, /db: 1 document restored/)
  t.is(await check({ data, json: true }), 0)
  const again = await startServer(t, data)
  t.deepEqual(await contentsOf(again.url, 'db'), expected)
})

test.serial('damage of an object is found, and named', async t => {
  const { server, dir } = await startFilled(t)
  const bucket = 's3://backups/changed'
  await takeBackup(t, server.url, bucket)
  const [backup] = await backupsIn(bucket)
  const { path, sha256 } = backup!.files.find(file => file.path.startsWith('attachments/'))!
  await flipByte(gateway!.file('backups', `changed/${contentPath(sha256)}`))
  await t.throwsAsync(restore({ backups: bucket, data: join(dir, 'restored') }), {
    message: `The backup is damaged: its content of ${path} is changed.`,
  })
})

test.serial('a wrong key, a wrong secret and a wrong bucket are told in a sentence', async t => {
  const { server } = await startFilled(t)
  const refused = async (bucket: string) => {
    const { code, out, err } = await runCli(['backup', bucket, '--url', server.url])
    t.not(code, 0)
    t.is(out, '')
    return err
  }
  t.regex(
    await refused('s3://none/of'),
    /^couchette: GET http:\S+: 404, The specified bucket does not exist\.?\n$/,
  )
  setEnvironment(t, { AWS_SECRET_ACCESS_KEY: 'of another' })
  const message = await refused('s3://backups/refused')
  t.regex(message, /^couchette: GET http:\S+: 403, The request signature we calculated does not match .*\n$/)
  setEnvironment(t, { AWS_ACCESS_KEY_ID: 'nobody' })
  // Amazon answers 403, this gateway 404.
  t.regex(await refused('s3://backups/refused'), /^couchette: GET http:\S+: 404, No user exists with .*\n$/)
})

test.serial('a bucket lists more backups than a page of S3 has', async t => {
  const directory = gateway!.file('backups', 'many/backups')
  await mkdir(directory, { recursive: true })
  const names = Array.from({ length: 2100 }, (_, n) => `${String(n).padStart(5, '0')}.json`)
  for (const name of names) await writeFile(join(directory, name), '{}')
  const place = await openBackupPlace('s3://backups/many')
  t.deepEqual((await place.list()).sort(), names)
})

async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[500]! ^= 1
  await writeFile(path, bytes)
}
