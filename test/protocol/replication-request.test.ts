import test from 'ava'
import { REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import { parseReplication } from '../../protocol/replication-request.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import type { ReplicationSyntaxError } from '../../protocol/replication-error.ts'

const endpoints = { source: 'http://admin:pa%3Ass@host/a', target: 'https://host:6984/b/' }

function parse(
  body: object,
  localUrl?: (name: string) => string,
  defaults = REPLICATION_DEFAULTS,
): ReplicationRequest {
  const parsed = parseReplication(body as Record<string, unknown>, defaults, localUrl)
  if ('cancelId' in parsed) throw new Error('a cancel')
  return parsed
}

test('endpoints lose their credentials and end in a slash', t => {
  const { source, target } = parse(endpoints)
  t.deepEqual(source, {
    url: 'http://host/a/',
    headers: {},
    basic: { username: 'admin', password: 'pa:ss' },
  })
  t.deepEqual(target, { url: 'https://host:6984/b/', headers: {} })
})

test('basic credentials come from auth, the URL or a header, in that order', t => {
  const headers = { Authorization: 'Basic Yzpk', 'X-Other': '1' }
  const auth = { basic: { username: 'a', password: 'b' } }
  const user = (source: object): unknown => parse({ ...endpoints, source }).source.basic?.username
  t.is(user({ url: 'http://u:p@host/a', headers, auth }), 'a')
  t.is(user({ url: 'http://u:p@host/a', headers }), 'u')
  t.is(user({ url: 'http://host/a', headers }), 'c')
  t.deepEqual(parse({ ...endpoints, source: { url: 'http://host/a', headers } }).source.headers, {
    'X-Other': '1',
  })
})

test('other authorization headers are kept', t => {
  const headers = { authorization: 'Bearer x' }
  t.deepEqual(parse({ ...endpoints, source: { url: 'http://host/a', headers } }).source.headers, headers)
})

test('names of databases are taken only where they stand for a URL', t => {
  const { source } = parse({ ...endpoints, source: 'db' }, name => `http://me:5984/${name}`)
  t.deepEqual(source, { url: 'http://me:5984/db/', headers: {}, local: 'db' })
})

test('what was not said is the configured default', t => {
  const { options } = parse(endpoints)
  t.is(options.workerBatchSize, 500)
  t.is(options.continuous, false)
  t.true(options.useCheckpoints)
  t.deepEqual(options.filter, { kind: 'none' })
})

test('integers may be text', t => {
  t.is(parse({ ...endpoints, worker_batch_size: '7' }).options.workerBatchSize, 7)
})

test('document ids are decoded and sorted, each once', t => {
  const { filter } = parse({ ...endpoints, doc_ids: ['b', 'a%20c', 'b'] }).options
  t.deepEqual(filter, { kind: 'docIds', docIds: ['a c', 'b'] })
})

test('a filter is built in or names a function', t => {
  t.deepEqual(parse({ ...endpoints, filter: 'd/f', query_params: { a: 1 } }).options.filter, {
    kind: 'function',
    ddoc: 'd',
    name: 'f',
    queryParams: { a: 1 },
  })
  t.deepEqual(parse({ ...endpoints, filter: '_design' }).options.filter, {
    kind: 'builtin',
    name: '_design',
    queryParams: {},
  })
})

test('to cancel by id nothing else is needed', t => {
  const cancel = { cancel: true, _local_id: 'abc continuous' }
  t.deepEqual(parseReplication(cancel, REPLICATION_DEFAULTS), { cancelId: 'abc+continuous' })
})

const REFUSED: readonly (readonly [object, ReplicationSyntaxError['kind'], string])[] = [
  [{}, 'error', 'Missing replicator database'],
  [{ source: endpoints.source }, 'error', 'Missing replicator database'],
  [{ ...endpoints, source: 'db' }, 'error', 'local_endpoints_not_supported'],
  [{ ...endpoints, source: {} }, 'invalid_replication', 'endpoint has an invalid url'],
  [{ ...endpoints, source: { url: 'nohttp' } }, 'invalid_replication', 'endpoint has an invalid url'],
  [{ ...endpoints, source: 'http://' }, 'invalid_replication', 'endpoint has an invalid url'],
  [{ ...endpoints, continuous: 'yes' }, 'bad_request', 'parameter `continuous` must be a boolean'],
  [{ ...endpoints, create_target: 1 }, 'bad_request', 'parameter `create_target` must be a boolean'],
  [{ ...endpoints, cancel: 'yes' }, 'bad_request', 'parameter `cancel` must be a boolean'],
  [{ ...endpoints, doc_ids: 'd' }, 'bad_request', 'parameter `doc_ids` must be an array'],
  [{ ...endpoints, selector: 'x' }, 'bad_request', 'parameter `selector` must be a JSON object'],
  [{ ...endpoints, query_params: 'x' }, 'bad_request', 'parameter `query_params` must be an object'],
  [
    { ...endpoints, winning_revs_only: 'x' },
    'bad_request',
    'parameter `winning_revs_only` must be a boolean',
  ],
  [{ ...endpoints, use_bulk_get: 'x' }, 'bad_request', 'parameter `use_bulk_get` must be a boolean'],
  [
    { ...endpoints, create_target_params: 'x' },
    'bad_request',
    'parameter `create_target_params` must be a JSON object',
  ],
  [
    { ...endpoints, doc_ids: [], selector: {} },
    'bad_request',
    '`doc_ids`,`filter`,`selector` are mutually exclusive',
  ],
  [{ ...endpoints, filter: 'noslash' }, 'error', 'Invalid filter. Must match `ddocname/filtername`.'],
  [{ ...endpoints, filter: '_view' }, 'bad_request', 'Invalid `view` parameter.'],
  [
    { ...endpoints, proxy: 'http://p', source_proxy: 'http://q' },
    'bad_request',
    '`proxy` is mutually exclusive with `source_proxy`',
  ],
]

for (const [body, kind, reason] of REFUSED) {
  test(`${JSON.stringify(body)} is refused: ${reason}`, t => {
    const error = t.throws<ReplicationSyntaxError>(() => parse(body))
    t.is(error.kind, kind)
    t.is(error.reason, reason)
  })
}

// A million workers of one job took a gigabyte, and a checkpoint each millisecond a part of the processor.
test('numbers of a job are bounded, but as far as the configured default goes', t => {
  const most = { worker_processes: 1e6, worker_batch_size: '10000000', http_connections: 1e9 }
  const times = { connection_timeout: 2 ** 31, checkpoint_interval: 2 ** 31 }
  const { options } = parse({ ...endpoints, ...most, ...times })
  t.like(options, { workerProcesses: 100, workerBatchSize: 10_000, httpConnections: 1000 })
  t.like(options, { connectionTimeoutMs: 2 ** 31 - 1, checkpointIntervalMs: 2 ** 31 - 1 })
  const least = parse({ ...endpoints, worker_processes: 0, checkpoint_interval: 1 })
  t.like(least.options, { workerProcesses: 1, checkpointIntervalMs: 100 })
  const configured = { ...REPLICATION_DEFAULTS, workerProcesses: 200, checkpointIntervalMs: 20 }
  const { options: wide } = parse(
    { ...endpoints, worker_processes: 150, checkpoint_interval: 20 },
    undefined,
    configured,
  )
  t.like(wide, { workerProcesses: 150, checkpointIntervalMs: 20 })
  const verify = { interval: 1e9 }
  const { options: verified } = parse({ ...endpoints, continuous: true, verify })
  t.is(verified.verify?.intervalMs, 2 ** 31 - 1)
})
