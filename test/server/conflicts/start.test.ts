import test from 'ava'
import { ADMIN } from '../../../harness/child-server.ts'
import { createServer } from '../../../server/main.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { tempDir } from '../../helpers/temp.ts'

/** Conflicts of a database that nobody had asked for since the start were left until somebody did. */
test('conflicts are resolved when the server starts, before anybody opens their database', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const open = async (resolve: boolean) => {
    const settings = [{ section: 'conflicts', key: 'resolve', value: String(resolve) }]
    const server = await createServer({ data: dir.path, port: 0, admin: ADMIN, logLevel: 'silent', settings })
    const url = server.url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`)
    const prometheus = async (): Promise<string> =>
      (await call<string>(url, 'GET', '/_node/_local/_prometheus')).body
    return { server, url, prometheus }
  }
  const before = await open(false)
  await call(before.url, 'PUT', '/db')
  const docs = ['a', 'b'].map(digit => ({ _id: 'x', _rev: `1-${digit.repeat(32)}`, [digit]: 1 }))
  await call(before.url, 'POST', '/db/_bulk_docs', { json: { new_edits: false, docs } })
  await call(before.url, 'PUT', '/db/_design/policy', { json: { conflicts: [{ policy: 'merge' }] } })
  t.regex(await before.prometheus(), /^couchdb_conflicts\{.*db="db".*\} 1$/m)
  await before.server.close()

  const after = await open(true)
  t.teardown(() => after.server.close())
  // Metrics open no database.
  await eventually('no conflict is left', async () => !/^couchdb_conflicts\{/m.test(await after.prometheus()))
  t.like((await call(after.url, 'GET', '/db/x')).body, { a: 1, b: 1 })
})
