import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { runCli } from '../../cli/run-cli.ts'
import { NatsServer } from './nats-server.ts'

test('couchette stream writes a database into a stream, and reads the stream into another', async t => {
  const nats = await NatsServer.start()
  t.teardown(() => nats.close())
  const server = await startServer()
  t.teardown(() => server.close())
  await nats.use(({ manager }) => manager.streams.add({ name: 'orders', subjects: ['orders.>'] }))
  for (const name of ['a', 'b', '_replicator']) await call(server.url, 'PUT', `/${name}`)
  await call(server.url, 'POST', '/a/_bulk_docs', { json: { docs: [{ _id: 'one' }, { _id: 'two' }] } })
  const stream = (...args: string[]) => runCli(['stream', ...args, '--url', server.url])
  const out = await stream('a', `nats://${nats.address}/orders/orders.{id}`)
  t.is(out.code, 0, out.err)
  const back = await stream(`nats://${nats.address}/orders/orders.>`, 'b')
  t.is(back.code, 0, back.err)
  t.regex(back.out, /2 documents written/)
  t.like(await call(server.url, 'GET', '/b/two'), { status: 200 })
  t.is((await stream('a', 'b')).code, 2)
  t.is((await stream('a', 'nats://x/ORDERS')).code, 2)
})
