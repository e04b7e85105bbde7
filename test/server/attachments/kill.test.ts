import { createHash, randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import { blobFileRange, fileOfBlobFileKey } from '../../../server/storage/attachment-keys.ts'
import { openStore } from '../../../server/storage/store.ts'
import { attachmentFiles } from '../../helpers/attachment-files.ts'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'
import { tempDir } from '../../helpers/temp.ts'

const ROUNDS = 3
const UPLOADERS = 6
const ACKNOWLEDGED_PER_ROUND = 30
/** In the store, compressed in a worker, in a file as they come, through a worker. */
const UPLOADS = [
  { size: 1000, type: 'text/plain' },
  { size: 20_000, type: 'image/png' },
  { size: 60_000, type: 'text/plain' },
  { size: 1_000_000, type: 'image/png' },
  { size: 5_000_000, type: 'image/png' },
]

/** Digests of the attachments that the server said are stored, by document. */
type Acknowledged = Map<string, string>

test('after kill -9 during uploads no document is without its attachment, and no attachment without its document', async t => {
  const dir = await tempDir()
  const acknowledged: Acknowledged = new Map()
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const server = await spawnServer(dir.path)
      if (round === 0) await call(server.url, 'PUT', '/db')
      else await verify(t, server.url, acknowledged)
      await uploadUntilKilled(server, round, acknowledged)
    }
    const server = await spawnServer(dir.path)
    await verify(t, server.url, acknowledged)
    t.is(await server.stop(), 0)
    t.deepEqual(await storedFiles(dir.path), await namedFiles(dir.path))
  } finally {
    await dir.remove()
  }
})

/** The server is killed in the middle of several uploads of all sizes. */
async function uploadUntilKilled(
  server: { url: string; kill(): Promise<void> },
  round: number,
  acknowledged: Acknowledged,
): Promise<void> {
  const enough = acknowledged.size + ACKNOWLEDGED_PER_ROUND
  let killed = false
  const uploader = async (number: number): Promise<void> => {
    for (let n = 0; !killed; n++) {
      const { size, type } = UPLOADS[(n + number) % UPLOADS.length]!
      const bytes = randomBytes(size)
      const id = `${round}-${number}-${n}`
      try {
        const { statusCode, body } = await put(server.url, id, type, bytes)
        await body.dump()
        if (statusCode === 201) acknowledged.set(id, md5(bytes))
      } catch (error) {
        if (!killed) throw error
      }
      if (acknowledged.size < enough || killed) continue
      killed = true
      await server.kill()
    }
  }
  await Promise.all(Array.from({ length: UPLOADERS }, (_, number) => uploader(number)))
}

function put(url: string, id: string, contentType: string, bytes: Buffer): ReturnType<typeof request> {
  const { origin, headers } = target(url)
  return request(`${origin}/db/${id}/f`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': contentType },
    body: bytes,
  })
}

/** Every acknowledged document is there, and every document that is there has its whole attachment. */
async function verify(t: ExecutionContext, url: string, acknowledged: Acknowledged): Promise<void> {
  const { origin, headers } = target(url)
  const { body } = await call<{ rows: { id: string }[] }>(url, 'GET', '/db/_all_docs')
  const ids = new Set(body.rows.map(row => row.id))
  for (const id of acknowledged.keys()) t.true(ids.has(id), `${id} is there`)
  for (const id of ids) {
    const answer = await request(`${origin}/db/${id}/f`, {
      headers: { ...headers, 'accept-encoding': 'gzip' },
    })
    const stored = md5(Buffer.from(await answer.body.arrayBuffer()))
    t.is(answer.statusCode, 200)
    t.is(answer.headers.etag, `"${stored}"`)
    const plain = await request(`${origin}/db/${id}/f`, { headers })
    const bytes = Buffer.from(await plain.body.arrayBuffer())
    if (acknowledged.has(id)) t.is(acknowledged.get(id), md5(bytes), `${id} is whole`)
  }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64')
}

async function storedFiles(data: string): Promise<number[]> {
  const files = await attachmentFiles(data)
  return files.map(file => parseInt(basename(file), 16)).sort((a, b) => a - b)
}

/** The files that the store names, in order. */
async function namedFiles(data: string): Promise<number[]> {
  const store = await openStore(join(data, 'store'))
  const keys = await store.keys(blobFileRange).all()
  await store.close()
  return keys.map(fileOfBlobFileKey)
}
