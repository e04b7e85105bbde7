import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

/** A directory whose store, with a document, was moved aside. */
async function withoutStore(): Promise<{ data: string; store: string; aside: string }> {
  const data = (await tempDir()).path
  const server = await startServer({ data })
  await call(server.url, 'PUT', '/db')
  await call(server.url, 'PUT', '/db/doc', { json: { a: 1 } })
  await server.couchette.close()
  const [store, aside] = [join(data, 'store'), join(data, 'aside')]
  await rename(store, aside)
  return { data, store, aside }
}

test('a store that is away is not taken for a new one, and is there again when it is brought back', async t => {
  const { data, store, aside } = await withoutStore()
  await t.throwsAsync(startServer({ data }), {
    message: /^The store in .* is missing, though .* Put back what is missing/,
  })
  // As the place of a volume that is not mounted.
  await mkdir(join(store, 'lost+found'), { recursive: true })
  await t.throwsAsync(startServer({ data }), { message: /on_damage = report\.$/ })
  await rm(store, { recursive: true })
  await rename(aside, store)
  const server = await startServer({ data })
  t.like((await call(server.url, 'GET', '/db/doc')).body, { a: 1 })
  await server.close()
})

test('who removes the file that tells of a store begins with an empty one', async t => {
  const { data } = await withoutStore()
  await rm(join(data, 'STORE_MADE'))
  const server = await startServer({ data })
  t.is((await call(server.url, 'GET', '/db')).status, 404)
  await server.close()
})

test('with on_damage = report a server begins with an empty store, and says so', async t => {
  const { data } = await withoutStore()
  const server = await startServer({
    data,
    settings: [{ section: 'couchette', key: 'on_damage', value: 'report' }],
  })
  const { body } = await call<{ store: { missing_at_start: string[] } }>(
    server.url,
    'GET',
    '/_node/_local/_health',
  )
  t.regex(String(body.store.missing_at_start), /^The store in .* is missing, though/)
  await server.close()
})
