import test from 'ava'
import { EventSource } from 'eventsource'
import { ADMIN } from '../../harness/child-server.ts'
import { target } from '../../harness/client.ts'
import { createServer } from '../../server/main.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { tempDir } from '../helpers/temp.ts'

test('an EventSource follows a feed through a restart of the server, and misses nothing', async t => {
  const dir = await tempDir()
  const start = (port: number) => createServer({ data: dir.path, port, admin: ADMIN, logLevel: 'silent' })
  let server = await start(0)
  const url = server.url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`)
  const { origin, headers } = target(url)
  const ids: string[] = []
  await call(url, 'PUT', '/events')
  await call(url, 'PUT', '/events/before', { json: {} })
  const source = new EventSource(`${origin}/events/_changes?feed=eventsource&since=0`, {
    fetch: (input, init) =>
      fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), ...headers } }),
  })
  source.addEventListener('message', ({ data }) =>
    ids.push((JSON.parse(data as string) as { id: string }).id),
  )
  try {
    await eventually('the first document', () => ids.length === 1)
    await server.close()
    server = await start(server.port)
    await call(url, 'PUT', '/events/after', { json: {} })
    await call(url, 'PUT', '/events/later', { json: {} })
    await eventually('all documents', () => ids.length >= 3)
    t.deepEqual(ids, ['before', 'after', 'later'])
  } finally {
    source.close()
    await server.close()
    await dir.remove()
  }
})
