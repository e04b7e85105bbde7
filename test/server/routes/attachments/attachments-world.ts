import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { request } from 'undici'
import { target } from '../../../../harness/client.ts'
import { call } from '../../../helpers/http.ts'
import { startServer } from '../../../helpers/server.ts'
import { tempDir } from '../../../helpers/temp.ts'

interface World {
  /** The URL of a database. */
  readonly url: string
  readonly server: string
  readonly data: string
  /** Closes the server, so that only what is stored is left on disk. */
  readonly close: () => Promise<void>
}

export async function open(t: ExecutionContext, settings = ''): Promise<World> {
  const dir = await tempDir()
  await mkdir(dir.path, { recursive: true })
  if (settings !== '') await writeFile(join(dir.path, 'local.ini'), settings)
  const server = await startServer({ data: dir.path })
  await call(server.url, 'PUT', '/db')
  t.teardown(async () => {
    await server.close()
    await dir.remove()
  })
  return {
    url: `${server.url}/db`,
    server: server.url,
    data: dir.path,
    close: () => server.couchette.close(),
  }
}

interface Fetched {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export async function fetchBytes(
  server: string,
  method: 'GET' | 'PUT' | 'HEAD' | 'DELETE',
  path: string,
  headers: Record<string, string> = {},
  body?: Buffer,
): Promise<Fetched> {
  const { origin, headers: credentials } = target(server)
  const answer = await request(origin + path, {
    method,
    headers: { ...credentials, ...headers },
    body: body ?? null,
  })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: Buffer.from(await answer.body.arrayBuffer()),
  }
}

export function related(json: unknown, parts: readonly (string | Buffer)[], closing = '--b--'): Buffer {
  const pieces = [Buffer.from(`--b\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(json)}\r\n`)]
  for (const part of parts) pieces.push(Buffer.from('--b\r\n\r\n'), Buffer.from(part), Buffer.from('\r\n'))
  return Buffer.concat([...pieces, Buffer.from(closing)])
}

const RELATED = { 'content-type': 'multipart/related; boundary="b"', accept: 'application/json' }

export function putRelated(world: World, id: string, body: Buffer, query = ''): Promise<Fetched> {
  return fetchBytes(world.server, 'PUT', `/db/${id}${query}`, RELATED, body)
}

export function follows(
  length: number | undefined,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    follows: true,
    content_type: 'application/octet-stream',
    ...(length === undefined ? {} : { length }),
    ...more,
  }
}

export const LARGE = randomBytes(400_000)
