import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { passBody } from '../../../../server/http/connection/pass-body.ts'

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('what is left of a body after the answer is read to its end', async t => {
  t.timeout(60_000)
  const upstream = createServer((req, res) => {
    req.once('data', () => res.writeHead(400).end('no'))
    req.on('error', () => undefined)
    res.once('finish', () => req.resume())
  })
  const upstreamPort = await listen(upstream)
  const front = createServer((req, res) => {
    const passed = request({ port: upstreamPort, method: 'PUT' })
    passed.on('error', () => undefined)
    passed.once('response', answer => {
      res.writeHead(answer.statusCode ?? 500)
      answer.pipe(res)
    })
    passBody(req, passed)
  })
  const port = await listen(front)
  t.teardown(() => {
    for (const server of [front, upstream]) server.close().closeAllConnections()
  })
  const client = request({ port, method: 'PUT' })
  client.write('a')
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  t.is(answer.statusCode, 400)
  answer.resume()
  await once(answer, 'end')
  // More than the sockets hold.
  client.end(Buffer.alloc(16 * 1024 * 1024))
  await once(client, 'finish')
  t.true(client.writableFinished)
})
