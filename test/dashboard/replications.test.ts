import test from 'ava'
import { findAttention } from '../../dashboard/src/lib/attention.ts'
import {
  adviceFor,
  countStates,
  matchesFilter,
  mergeJobs,
  type SchedulerDoc,
  type SchedulerJob,
  sentenceFor,
} from '../../dashboard/src/lib/replication-job.ts'
import { databaseOf, isOnSelf, layOutMap, selfNamesOf } from '../../dashboard/src/lib/replication-map.ts'

const doc = (id: string, changes: Partial<SchedulerDoc> = {}): SchedulerDoc => ({
  database: '_replicator',
  doc_id: id,
  id: `${id}+continuous`,
  source: 'http://a.example/orders/',
  target: 'http://127.0.0.1:5984/orders/',
  state: 'running',
  info: { changes_pending: 3, docs_per_second: 2 },
  error_count: 0,
  start_time: null,
  last_updated: null,
  ...changes,
})

const job = (id: string, changes: Partial<SchedulerJob> = {}): SchedulerJob => ({
  database: null,
  doc_id: null,
  id,
  source: 'orders',
  target: 'http://b.example/orders/',
  pid: null,
  info: { error: 'timeout: …' },
  history: [{ timestamp: '2026-01-01T00:00:00Z', type: 'crashed' }],
  start_time: '2026-01-01T00:00:00Z',
  ...changes,
})

test('documents and jobs become one list, with states that CouchDB has no word for', t => {
  const jobs = mergeJobs(
    [
      doc('a'),
      doc('stuck', { info: { stalled: { since: '', waiting_for: 'the target' } } }),
      doc('held', { state: 'failed', id: null, info: { error: 'Paused by ada in the dashboard.' } }),
      doc('broken', { state: 'failed', id: null, info: { error: 'db_not_found: …' } }),
    ],
    [job('a+continuous', { history: [{ timestamp: '', type: 'started' }] }), job('transient')],
  )
  t.deepEqual(
    jobs.map(({ key, state, history }) => [key, state, history.length]),
    [
      ['_replicator/a', 'running', 1],
      ['_replicator/stuck', 'stalled', 0],
      ['_replicator/held', 'paused', 0],
      ['_replicator/broken', 'failed', 0],
      ['transient', 'crashing', 1],
    ],
  )
  t.is(countStates(jobs).get('failed'), 1)
  t.deepEqual(
    jobs.filter(found => matchesFilter(found, { text: 'B.EXAMPLE', states: [] })).map(({ key }) => key),
    ['transient'],
  )
  t.deepEqual(
    jobs
      .filter(found => matchesFilter(found, { text: '', states: ['paused', 'stalled'] }))
      .map(({ key }) => key),
    ['_replicator/stuck', '_replicator/held'],
  )
})

test('every state has a sentence, and known errors have advice', t => {
  const [running] = mergeJobs([doc('a')], [])
  t.is(running && sentenceFor(running), '3 changes are still to come.')
  t.regex(
    adviceFor('connection_refused: nothing listens at GET http://h/') ?? '',
    /Is the other node running/,
  )
  t.is(adviceFor('something_else'), undefined)
})

test('the map joins the jobs between two nodes into one arrow, coloured by the worst', t => {
  const jobs = mergeJobs([doc('a'), doc('b', { state: 'crashing', info: { error: 'x' } })], [job('out')])
  const map = layOutMap(jobs, 'node.example:5984', ['127.0.0.1:5984'])
  t.deepEqual(
    map.nodes.map(({ host, isSelf }) => [host, isSelf]),
    [
      ['node.example:5984', true],
      ['a.example', false],
      ['b.example', false],
    ],
  )
  t.deepEqual(
    map.arrows.map(({ from, to, tone, pending, jobs }) => [from, to, tone, pending, jobs.length]),
    [
      ['a.example', 'node.example:5984', 'bad', 3, 2],
      ['node.example:5984', 'b.example', 'bad', 0, 1],
    ],
  )
  for (const { x, y } of map.nodes) t.true(x > 0 && x < map.width && y > 0 && y < map.height)
})

test('a database is on this node by a plain name, by the node’s own address, and by loopback at its port', t => {
  const proxied = selfNamesOf('https://node.example/couch/')
  for (const url of ['orders', 'https://node.example/orders', 'https://127.0.0.1:443/orders'])
    t.true(isOnSelf(url, proxied), url)
  const local = selfNamesOf('http://127.0.0.1:39255/')
  for (const host of ['127.0.0.1', 'localhost', '[::1]'])
    t.true(isOnSelf(`http://${host}:39255/orders/`, local), host)
  for (const host of ['127.0.0.1:39256', '127.0.0.1', 'node.example:39255'])
    t.false(isOnSelf(`http://${host}/orders/`, local), host)
})

test('a database is named without its server', t => {
  t.is(databaseOf('http://h:5984/a%2Fb/'), 'a/b')
  t.is(databaseOf('orders'), 'orders')
})

test('a job whose sides stay different needs attention', t => {
  const divergence = { in_flight: 3, since: null, first: [], checked: null, error: null }
  const jobs = mergeJobs(
    [
      doc('equal', { info: { divergence: { ...divergence, documents: 0 } } }),
      doc('apart', { info: { divergence: { ...divergence, documents: 2 } } }),
    ],
    [job('transient', { info: { divergence: { ...divergence, documents: 1 } } })],
  )
  const found = findAttention({ jobs, databases: [], disk: undefined, loopDelayMs: undefined })
  const texts = found.filter(({ text }) => text.includes('differ')).map(({ text, link }) => [text, link])
  t.deepEqual(texts, [
    [
      'Documents that differ and do not become equal by themselves: 2.',
      '#/replications/job/_replicator/apart',
    ],
    ['Documents that differ and do not become equal by themselves: 1.', '#/replications'],
  ])
})
