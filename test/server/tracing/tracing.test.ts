import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { StartError } from '../../../server/config/start-error.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: Pick<Span, 'attributes'>
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

/** An OTLP collector: takes traces over HTTP and keeps their spans. */
async function startCollector(t: ExecutionContext) {
  const spans: Span[] = []
  const headers: IncomingHttpHeaders[] = []
  const take = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = JSON.parse(await text(req)) as Export
    headers.push({ ...req.headers, path: req.url })
    for (const { scopeSpans } of body.resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans)
    res.setHeader('content-type', 'application/json').end('{}')
  }
  const server = createServer((req, res) => void take(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, headers }
}

function tracedTo(url: string, settings: Readonly<Record<string, string>> = {}) {
  const all = { otlp_endpoint: url, ...settings }
  return { settings: Object.entries(all).map(([key, value]) => ({ section: 'couchette', key, value })) }
}

function valueOf({ attributes }: Span, name: string): unknown {
  const value = attributes.find(({ key }) => key === name)?.value
  return value && Object.values(value)[0]
}

test('a write is a trace from its request to its commit, and continues that of its client', async t => {
  const collector = await startCollector(t)
  const { url, close } = await startServer(tracedTo(collector.url, { otlp_headers: 'x-key=abc' }))
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
  await call(url, 'PUT', '/db')
  const { headers: answered } = await call(url, 'PUT', '/db/a?batch=', { json: {}, headers })
  await call(url, 'GET', '/db/secret-less?rev=1-x', { headers })
  await close()
  const spans = collector.spans.filter(span => span.traceId === traceId)
  const put = spans.find(({ name }) => name === 'PUT /:db/:docid')
  t.is(put?.parentSpanId, '00f067aa0ba902b7')
  t.is(valueOf(put!, 'http.response.status_code'), 201)
  t.is(valueOf(put!, 'url.path'), '/db/a')
  t.is(valueOf(put!, 'couchdb.request_id'), answered['x-couch-request-id'])
  const commit = spans.find(({ name }) => name === 'commit')
  t.is(commit?.parentSpanId, put?.spanId)
  t.is(valueOf(commit!, 'db.namespace'), 'db')
  t.is(valueOf(commit!, 'db.operation.name'), 'edit_documents')
  t.is(spans.filter(({ name }) => name === 'commit').length, 1)
  t.true(collector.headers.every(sent => sent['x-key'] === 'abc' && sent.path === '/v1/traces'))
  t.false(JSON.stringify(collector.spans).includes('rev=1-x'))
})

test('a batch of a replication is one trace over both servers, down to the commit of the target', async t => {
  const collector = await startCollector(t)
  const [near, far] = await Promise.all([
    startServer(tracedTo(collector.url)),
    startServer(tracedTo(collector.url)),
  ])
  await call(near.url, 'PUT', '/from')
  await call(near.url, 'PUT', '/from/a', { json: {} })
  const json = { source: `${near.url}/from`, target: `${far.url}/to`, create_target: true }
  const { body } = await call<{ ok: boolean }>(near.url, 'POST', '/_replicate', { json })
  t.true(body.ok)
  await Promise.all([near.close(), far.close()])
  const batch = collector.spans.find(({ name }) => name === 'replication batch')
  t.truthy(batch)
  t.is(batch?.parentSpanId, undefined)
  const below = (parent: Span | undefined): Span[] =>
    collector.spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId)
  const write = below(batch).find(({ name }) => name === 'POST /:db/_bulk_docs')
  t.is(write?.traceId, batch?.traceId)
  t.true(below(write).some(span => span.name === 'commit' && valueOf(span, 'db.namespace') === 'to'))
  t.notRegex(JSON.stringify(collector.spans), /:pass@/)
})

test('an endpoint that is no URL ends the start with a sentence', async t => {
  await t.throwsAsync(startServer(tracedTo('collector:4318')), {
    instanceOf: StartError,
    message: /otlp_endpoint = collector:4318: it takes a URL/,
  })
})

test('a collector that is away costs traces, and no answer', async t => {
  const { url, close } = await startServer(tracedTo('http://127.0.0.1:9'))
  t.is((await call(url, 'PUT', '/db')).status, 201)
  await t.notThrowsAsync(close())
})

test('of traces that begin here none are sent at 0 percent; those of clients are', async t => {
  const collector = await startCollector(t)
  const { url, close } = await startServer(tracedTo(collector.url, { trace_sample_percent: '0' }))
  await call(url, 'PUT', '/db')
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await call(url, 'GET', '/db', { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } })
  await close()
  t.deepEqual([...new Set(collector.spans.map(span => span.traceId))], [traceId])
})
