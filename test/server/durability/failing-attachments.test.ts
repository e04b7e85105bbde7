import { createHash, randomBytes } from 'node:crypto'
import test from 'ava'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import { eventually } from '../../helpers/eventually.ts'
import { EIO, ENOSPC, faultyDirectory, type FaultyCall } from '../../helpers/faults/disk-faults.ts'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'

const LARGE = 400_000

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Reads an attachment; undefined where the answer is an error, or breaks off. */
async function read(url: string, path: string): Promise<string | undefined> {
  const { origin, headers } = target(url)
  try {
    const answer = await request(origin + path, { headers, reset: true })
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    return answer.statusCode === 200 ? digest(bytes) : undefined
  } catch {
    return undefined
  }
}

const put = (url: string, path: string, raw: Buffer) =>
  call<{ readonly rev?: string; readonly reason?: string }>(url, 'PUT', path, {
    raw,
    headers: { 'content-type': 'image/png' },
  })

const WRITES: readonly (readonly [FaultyCall, number, number])[] = [
  ['pwrite', EIO, 503],
  ['pwrite', ENOSPC, 507],
  ['sync', EIO, 503],
]

test('P4: attachments whose files the disk does not write are refused with a reason, and all others stay', async t => {
  t.timeout(5 * 60_000)
  const disk = await faultyDirectory(t)
  if (disk === undefined) return
  const { faults } = disk
  const server = await spawnServer(`${disk.path}/data`, faults.env)
  const { url } = server
  try {
    await call(url, 'PUT', '/db')
    const kept = randomBytes(LARGE)
    t.is((await put(url, '/db/kept/f', kept)).status, 201)
    for (const [index, [faulty, errno, status]] of WRITES.entries()) {
      const what = `${faulty} ${errno}`
      const bytes = randomBytes(LARGE)
      await faults.fail(faulty, '/attachments/', { count: -1, errno })
      const refused = await put(url, `/db/doc${index}/f`, bytes)
      t.is(refused.status, status, what)
      t.regex(refused.body.reason ?? '', /\w+ \w+/, what)
      t.is((await call(url, 'GET', `/db/doc${index}`)).status, 404, what)
      t.is(await read(url, '/db/kept/f'), digest(kept), what)
      await faults.clear()
      await eventually(`${what}: attachments are taken again`, async () => {
        const taken = await put(url, `/db/doc${index}/f`, bytes)
        return taken.status === 201
      })
      t.is(await read(url, `/db/doc${index}/f`), digest(bytes), what)
    }
  } finally {
    await server.kill()
  }
})

test('P4: a directory of attachments whose name was never synced takes none until it is', async t => {
  const disk = await faultyDirectory(t)
  if (disk === undefined) return
  const { faults } = disk
  const server = await spawnServer(`${disk.path}/data`, faults.env)
  try {
    await call(server.url, 'PUT', '/db')
    await faults.fail('sync', '/attachments$', { count: -1 })
    // The directory is made by the first, and there for the second: no reason to take it for synced.
    for (let attempt = 0; attempt < 3; attempt++) {
      const refused = await put(server.url, '/db/doc/f', randomBytes(LARGE))
      t.is(refused.status, 503, `attempt ${attempt}`)
    }
    await faults.clear()
    const bytes = randomBytes(LARGE)
    await eventually('attachments are taken again', async () => {
      return (await put(server.url, '/db/doc/f', bytes)).status === 201
    })
    t.is(await read(server.url, '/db/doc/f'), digest(bytes))
  } finally {
    await server.kill()
  }
})

test('an attachment that the disk does not read is an error, and all else is served', async t => {
  t.timeout(5 * 60_000)
  const disk = await faultyDirectory(t)
  if (disk === undefined) return
  const { faults } = disk
  const server = await spawnServer(`${disk.path}/data`, faults.env)
  const { url } = server
  try {
    await call(url, 'PUT', '/db')
    const bytes = randomBytes(LARGE)
    t.is((await put(url, '/db/doc/f', bytes)).status, 201)
    await faults.fail('pread', '/attachments/', { count: -1 })
    t.is(await read(url, '/db/doc/f'), undefined)
    t.is((await call(url, 'GET', '/db/doc')).status, 200)
    t.is((await call(url, 'PUT', '/db/other', { json: {} })).status, 201)
    t.is((await call(url, 'GET', '/_up')).status, 200)
    await faults.clear()
    t.is(await read(url, '/db/doc/f'), digest(bytes))
  } finally {
    await server.kill()
  }
})
