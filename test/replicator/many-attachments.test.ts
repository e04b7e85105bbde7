import { randomBytes } from 'node:crypto'
import test from 'ava'
import { startForwardProxy } from '../helpers/forward-proxy.ts'
import { call } from '../helpers/http.ts'
import { replicate } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'

const MANY = 500

test('a document takes as many requests with 500 attachments as with one', async t => {
  const [source, target, node] = await Promise.all([startServer(), startServer(), startServer()])
  t.teardown(() => Promise.all([source, target, node].map(server => server.close())))
  const asked: string[][] = []
  for (const [name, count] of [
    ['one', 1],
    ['many', MANY],
  ] as const) {
    await call(source.url, 'PUT', `/${name}`)
    const attachments = Array.from({ length: count }, (_, n) => [
      `file ${n}`,
      { content_type: 'application/octet-stream', data: randomBytes(100).toString('base64') },
    ])
    const json = { _attachments: Object.fromEntries(attachments) as unknown }
    t.is((await call(source.url, 'PUT', `/${name}/doc`, { json })).status, 201)
    const proxy = await startForwardProxy()
    t.teardown(proxy.close)
    const job = {
      source: `${source.url}/${name}`,
      target: `${target.url}/${name}`,
      create_target: true,
      source_proxy: proxy.url,
      target_proxy: proxy.url,
    }
    t.true((await replicate(node.url, job)).ok)
    asked.push([...proxy.asked].sort())
    const path = `/${name}/doc?attachments=true`
    const [sent, arrived] = await Promise.all(
      [source, target].map(({ url }) => call<Document>(url, 'GET', path)),
    )
    t.is(Object.keys(arrived?.body._attachments ?? {}).length, count)
    t.deepEqual(arrived?.body, sent?.body)
  }
  t.deepEqual(asked[1], asked[0])
  t.true((asked[0]?.length ?? 0) > 0)
})

interface Document {
  readonly _attachments: Record<string, unknown>
}
