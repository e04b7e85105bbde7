import test from 'ava'
import { findAttention } from '../../dashboard/src/lib/attention.ts'
import { nodeItems } from '../../dashboard/src/lib/node-attention.ts'
import { conflictsOfMetrics } from '../../dashboard/src/lib/conflict-metrics.ts'
import { otherFunctions, viewsOf, withoutView, withView } from '../../dashboard/src/lib/design-document.ts'
import { fieldNames } from '../../dashboard/src/lib/field-names.ts'
import { mergeJobs } from '../../dashboard/src/lib/replication-job.ts'

const SHOP =
  '{"_id":"_design/shop","_rev":"1-a","views":{"lib":{"x":"1"},"by":{"map":"function (doc) {}","reduce":"_sum","options":{"n":1.0}}},"filters":{"f":"x"},"validate_doc_update":"y"}'

test('views are listed without libraries and Mango indexes', t => {
  t.deepEqual(viewsOf(SHOP), [{ name: 'by', map: 'function (doc) {}', reduce: '_sum' }])
  t.deepEqual(viewsOf('{"language":"query","views":{"i":{"map":{"fields":{}}}}}'), [])
  t.deepEqual(otherFunctions(SHOP), ['validate_doc_update', 'filters: f'])
})

test('a changed view leaves everything else as it was', t => {
  t.is(
    withView(SHOP, { name: 'by', map: 'm', reduce: '' }),
    '{"_id":"_design/shop","_rev":"1-a","views":{"lib":{"x":"1"},"by":{"map":"m","options":{"n":1.0}}},"filters":{"f":"x"},"validate_doc_update":"y"}',
  )
  t.is(
    withView('{}', { name: 'v', map: 'm', reduce: '_count' }),
    '{"views":{"v":{"map":"m","reduce":"_count"}}}',
  )
  t.deepEqual(viewsOf(withoutView(SHOP, 'by')), [])
})

test('names of fields are offered by how often they occur', t => {
  t.deepEqual(fieldNames(['{"a":1,"b":{"c":2,"d.e":3}}', '{"a":2}']), ['a', 'b', 'b.c', 'b.d\\.e'])
})

test('what stands still or is lost comes before what only grows', t => {
  const jobs = mergeJobs(
    [
      {
        database: '_replicator',
        doc_id: 'pull',
        id: null,
        source: 'http://h/a',
        target: 'http://h/b',
        state: 'crashing',
        info: { error: 'connection_refused: nothing listens at GET http://h/a' },
        error_count: 2,
        start_time: null,
        last_updated: null,
      },
    ],
    [],
  )
  const items = findAttention({
    jobs,
    databases: [
      { name: 'orders', conflicts: 3 },
      { name: 'quiet', conflicts: 0 },
    ],
    disk: { total: 1000, free: 10 },
    loopDelayMs: 400,
  })
  t.deepEqual(
    items.map(({ tone, action }) => [tone, action]),
    [
      ['bad', 'See the databases'],
      ['bad', 'Retry'],
      ['warn', 'Resolve'],
      ['warn', 'See the figures'],
    ],
  )
  t.is(items[2]?.text, 'Each has revisions side by side of which readers see one only.')
  t.is(items[1]?.link, '#/replications/job/_replicator/pull')
  t.deepEqual(findAttention({ jobs: [], databases: [], disk: { total: 10, free: 9 }, loopDelayMs: 3 }), [])
})

test('conditions of the node need attention, those of a healthy one none', t => {
  const node = {
    store: {
      state: 'failed',
      reason: 'The disk is full.',
      damaged_reads: 2,
      damaged_tables: ['The table 000005.ldb was changed.'],
      missing_at_start: [],
    },
    certificate: { not_after: new Date(Date.now() + 3.5 * 86_400_000).toISOString() },
    retention: { held_back: 1, refused: 0, failed: 2 },
    large_trees: { documents: 1, largest: [{ database: 'db', id: 'a', leaves: 1200 }] },
    configuration: { findings: 3 },
    cluster: { state: 'no_log', reason: 'It does not answer.', silent: ['node2'], too_far_behind: ['node3'] },
  }
  const quiet = { jobs: [], databases: [], disk: undefined, loopDelayMs: undefined }
  t.deepEqual(
    findAttention({ ...quiet, node: nodeItems(node) }).map(({ tone, title }) => `${tone}: ${title}`),
    [
      'bad: The store takes no writes',
      'bad: A table of the store was changed on disk',
      'bad: Stored data is damaged',
      'bad: The log of the cluster does not answer',
      'bad: 1 node of the cluster must join again',
      'bad: In 2 databases retention fails',
      'warn: 1 node of the cluster is silent',
      "warn: The server's certificate ends in 3 days",
      'warn: In 1 database tombstones wait for a peer',
      'warn: 1 document with a large revision tree',
      'warn: Settings do not do what they say',
    ],
  )
  const healthy = {
    store: { state: 'healthy', reason: null, damaged_reads: 0, damaged_tables: [], missing_at_start: [] },
    certificate: null,
    retention: { held_back: 0, refused: 0, failed: 0 },
    large_trees: { documents: 0, largest: [] },
    logins: { locked: 0 },
    cluster: { state: 'follower', reason: null, silent: [], too_far_behind: [] },
  }
  t.deepEqual(findAttention({ ...quiet, node: nodeItems(healthy) }), [])
  t.deepEqual(findAttention({ ...quiet, node: nodeItems({}) }), [])
})

test('conflicts are read from the metrics, and those that wait longest come first', t => {
  const metrics = [
    '# TYPE couchdb_conflicts gauge',
    'couchdb_conflicts{db="orders"} 3',
    'couchdb_conflicts{db="a/b+c"} 1',
    'couchdb_conflict_resolutions_total{db="orders",policy="_design/p/0",outcome="resolved"} 7',
    'couchdb_conflicts_oldest_age_seconds{db="orders"} 60.5',
    'couchdb_conflicts_oldest_age_seconds{db="a/b+c"} 183600',
  ].join('\n')
  const databases = conflictsOfMetrics(`${metrics}\n`)
  t.deepEqual(databases, [
    { name: 'orders', conflicts: 3, oldestMs: 60_500 },
    { name: 'a/b+c', conflicts: 1, oldestMs: 183_600_000 },
  ])
  const items = findAttention({ jobs: [], databases, disk: undefined, loopDelayMs: undefined })
  t.deepEqual(
    items.map(({ title }) => title),
    ['1 document in conflict in a/b+c', '3 documents in conflict in orders'],
  )
  t.true(items[0]?.text.startsWith('The oldest came about 2 d 3 h ago.'))
})
