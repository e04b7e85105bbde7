import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { runCli } from '../../cli/run-cli.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'
import { tempDir } from '../../helpers/temp.ts'

test('one database of a backup comes to a running server under another name', async t => {
  const dir = await tempDir()
  const server = await spawnServer(join(dir.path, 'data'))
  t.teardown(async () => {
    await server.kill()
    await dir.remove()
  })
  const { url } = server
  const backups = join(dir.path, 'backups')
  const work = join(dir.path, 'work')
  await call(url, 'PUT', '/orders')
  await call(url, 'PUT', '/others')
  const docs = [
    { _id: 'a', _rev: '1-a' },
    { _id: 'a', _rev: '1-b' },
    { _id: 'gone', _rev: '2-c', _deleted: true },
    { _id: 'file', _rev: '1-d', _attachments: { f: { content_type: 'text/plain', data: 'aGVsbG8=' } } },
  ]
  await call(url, 'POST', '/orders/_bulk_docs', { json: { new_edits: false, docs } })
  await call(url, 'PUT', '/orders/_security', { json: { members: { names: [], roles: ['sales'] } } })
  await call(url, 'PUT', '/orders/_revs_limit', { raw: '77' })
  // A job of the server that was backed up must not run in the copy.
  const job = { source: `${url}/orders`, target: `${url}/from-job`, create_target: true, continuous: true }
  await call(url, 'PUT', '/_replicator/job', { json: job })
  t.is((await runCli(['backup', backups, '--url', url])).code, 0)
  // The sentences go to the process's own output.
  const checked = await runCli(['check', '--url', url, '--directory', dir.path])
  t.is(checked.code, 0, checked.err)
  await call(url, 'PUT', '/orders/later', { json: {} })
  await call(
    url,
    'DELETE',
    '/_replicator/job?rev=' + (await call<{ _rev: string }>(url, 'GET', '/_replicator/job')).body._rev,
  )
  await call(url, 'DELETE', '/from-job')

  const args = ['restore-database', backups, 'orders', 'orders-then', '--directory', dir.path, '--url', url]
  const restored = await runCli(args)
  t.is(restored.code, 0, restored.err)
  t.regex(restored.out, /^4 documents of orders as of 20\S+ came to orders-then\n$/)
  t.like((await call(url, 'GET', '/orders-then')).body, { doc_count: 2, doc_del_count: 1 })
  t.is(
    (await call<{ _conflicts: string[] }>(url, 'GET', '/orders-then/a?conflicts=true')).body._conflicts
      .length,
    1,
  )
  t.is((await call<string>(url, 'GET', '/orders-then/file/f')).body, 'hello')
  t.is((await call<number>(url, 'GET', '/orders-then/_revs_limit')).body, 77)
  t.deepEqual(
    (await call(url, 'GET', '/orders-then/_security')).body,
    (await call(url, 'GET', '/orders/_security')).body,
  )
  t.is((await call(url, 'GET', '/orders-then/later')).status, 404)
  t.is((await call(url, 'GET', '/from-job')).status, 404)
  // What is there stays.
  t.is((await runCli(args.with(3, 'orders'))).code, 0)
  t.is((await call(url, 'GET', '/orders/later')).status, 200)
  t.deepEqual(
    (await readdir(dir.path)).filter(name => /^couchette-(restore|check)-/.test(name)),
    [],
  )
  const none = await runCli(args.with(2, 'none'))
  t.deepEqual(none, { code: none.code, out: '', err: 'couchette: The backup has no database none.\n' })
  t.not(none.code, 0)
  t.not((await runCli([...args, '--at', '2001-01-01T00:00:00Z'])).code, 0)
  t.regex((await runCli(args.with(6, work))).err, /^couchette: /)
})

test('one database of an encrypted backup comes to a server without a key', async t => {
  const dir = await tempDir()
  const key = 'c0'.repeat(32)
  const server = await spawnServer(join(dir.path, 'data'), { COUCHETTE_ENCRYPTION_KEY: key })
  const plain = await startServer()
  t.teardown(async () => {
    await server.kill()
    await plain.close()
    await dir.remove()
  })
  const backups = join(dir.path, 'backups')
  await call(server.url, 'PUT', '/orders?partitioned=true')
  await call(server.url, 'PUT', '/orders/a:1', { json: { text: 'secret' } })
  t.is((await runCli(['backup', backups, '--url', server.url])).code, 0)
  const keyFile = join(dir.path, 'key')
  await writeFile(keyFile, key, { mode: 0o600 })
  const args = ['restore-database', backups, 'orders', `${plain.url}/orders`, '--directory', dir.path]
  t.not((await runCli(args)).code, 0)
  const { code, err } = await runCli([...args, '--encryption-key-file', keyFile])
  t.is(code, 0, err)
  t.is((await call(plain.url, 'GET', '/orders/a:1')).body.text, 'secret')
  t.like((await call(plain.url, 'GET', '/orders')).body, { props: { partitioned: true } })
})
