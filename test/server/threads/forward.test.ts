import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { Forwarder } from '../../../server/threads/front/forward.ts'
import { tempDir } from '../../helpers/temp.ts'

/** A front that forwards to a store thread whose first connections break before they are answered. */
async function frontBefore(broken: number): Promise<{ url: string; asked: () => number; close: () => void }> {
  const path = join((await tempDir()).path, 'link')
  let asked = 0
  const link = createServer((req, res) => {
    asked += 1
    if (asked <= broken) req.socket.destroy()
    else res.end('answered')
  })
  await listening(link, path)
  const forwarder = new Forwarder({ path, token: 'token' }, () => undefined)
  const front = createServer((req, res) => forwarder.forward(req, res))
  await listening(front, 0)
  const { port } = front.address() as AddressInfo
  const close = (): void => {
    forwarder.close()
    for (const server of [front, link]) server.close()
  }
  return { url: `http://127.0.0.1:${port}`, asked: () => asked, close }
}

async function listening(server: Server, where: string | number): Promise<void> {
  server.listen(where)
  await once(server, 'listening')
}

test('a read whose connection to the store thread breaks is asked again', async t => {
  const front = await frontBefore(2)
  t.teardown(front.close)
  const answer = await fetch(front.url)
  t.is(await answer.text(), 'answered')
  t.is(front.asked(), 3)
})

test('a write is not sent twice: whether it happened is not known, and the client is told so', async t => {
  const front = await frontBefore(1)
  t.teardown(front.close)
  const answer = await fetch(front.url, { method: 'PUT', body: '{}' })
  t.is(answer.status, 503)
  t.is(answer.headers.get('retry-after'), '1')
  t.like(await answer.json(), { error: 'service_unavailable' })
  t.is(front.asked(), 1)
  t.is((await fetch(front.url, { method: 'PUT', body: '{}' })).status, 200)
})

test('a store thread that is away is no reason to wait without end', async t => {
  const front = await frontBefore(Infinity)
  t.teardown(front.close)
  t.is((await fetch(front.url)).status, 503)
})
