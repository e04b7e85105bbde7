import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { asDocId } from '../../../protocol/document-id.ts'
import type { Retention } from '../../../protocol/retention.ts'
import { countDifference } from '../../../server/database/maintenance/count-documents.ts'
import type { Database } from '../../../server/database/database.ts'
import { DatabaseRetention } from '../../../server/retention/database-retention.ts'
import { memoryDatabase } from '../../helpers/memory-database.ts'
import { write } from '../../helpers/write.ts'

const DAY = 86_400_000
const DAY_SECONDS = 86_400

interface Setting {
  readonly database: Database
  readonly retention: DatabaseRetention
  readonly logged: string[]
  /** Sets the clock and applies the rules. */
  readonly at: (ms: number) => Promise<void>
  readonly rules: (retention: Retention) => Promise<void>
}

const withRetention = test.macro({
  exec: async (t: ExecutionContext, body: (t: ExecutionContext, setting: Setting) => Promise<void>) => {
    const { database, close } = await memoryDatabase()
    const logged: string[] = []
    let now = 0
    const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) })
    const retention = new DatabaseRetention(database, {
      log,
      now: () => now,
      pause: () => Promise.resolve(),
    })
    const at = async (ms: number) => {
      now = ms
      await retention.run(new AbortController().signal)
    }
    const rules = (retention: Retention) => database.write({ kind: 'set_retention', retention })
    await body(t, { database, retention, logged, at, rules })
    await close()
  },
  title: (given = '') => given,
})

const exists = (database: Database, id: string): boolean => database.document(asDocId(id)) !== undefined

async function remove(database: Database, id: string): Promise<void> {
  await write(database, [{ _id: id, _rev: database.document(asDocId(id))?.rev, _deleted: true }])
}

async function checkpoint(database: Database, name: string, body: object): Promise<void> {
  await write(database, [{ _id: `_local/${name}`, ...body }])
}

test(
  'tombstones go when they are old enough, and what lives stays',
  withRetention,
  async (t, { database, retention, at, rules }) => {
    await write(database, [{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }, { _id: 'kept' }])
    await remove(database, 'a')
    await rules({ purge_tombstones_older_than: 10 * DAY_SECONDS })
    await at(0)
    await remove(database, 'b')
    await at(5 * DAY)
    await remove(database, 'c')
    await at(9 * DAY)
    t.true(exists(database, 'a'))
    await at(10 * DAY)
    t.false(exists(database, 'a'))
    t.true(exists(database, 'b'))
    await at(15 * DAY)
    t.false(exists(database, 'b'))
    t.true(exists(database, 'c'))
    await at(40 * DAY)
    t.false(exists(database, 'c'))
    t.true(exists(database, 'kept'))
    t.is(retention.purged, 3)
    t.is(database.state.deletedDocs, 0)
    t.is(database.state.docs, 1)
    t.is(await countDifference(database), undefined)
  },
)

test(
  'a document that was written again after its deletion stays',
  withRetention,
  async (t, { database, at, rules }) => {
    await write(database, [{ _id: 'a', n: 1 }])
    await remove(database, 'a')
    await rules({ purge_tombstones_older_than: 0 })
    await write(database, [{ _id: 'a', n: 2 }])
    await at(1)
    t.is(database.document(asDocId('a'))?.deleted, false)
  },
)

test(
  'all leaves of a document that was deleted on several branches go, and none of one that lives on another',
  withRetention,
  async (t, { database, at, rules }) => {
    const rev = (digit: string) => `1-${digit.repeat(32)}`
    const tombstones = [
      { _id: 'gone', _rev: rev('a'), _deleted: true },
      { _id: 'gone', _rev: rev('b'), _deleted: true },
      { _id: 'lives', _rev: rev('a'), _deleted: true },
      { _id: 'lives', _rev: rev('b') },
    ]
    await write(database, tombstones, { replicated: true })
    await rules({ purge_tombstones_older_than: 0 })
    await at(1)
    t.false(exists(database, 'gone'))
    t.true(exists(database, 'lives'))
  },
)

test(
  'tombstones that a peer has not seen stay until it has',
  withRetention,
  async (t, { database, retention, logged, at, rules }) => {
    await write(database, [{ _id: 'a' }, { _id: 'b' }])
    await remove(database, 'a')
    await checkpoint(database, 'couchdb', { source_last_seq: database.seq, history: [] })
    await checkpoint(database, 'pouchdb', { last_seq: database.seq, history: [] })
    await remove(database, 'b')
    // Checkpoints of replications to this database, and other local documents.
    await checkpoint(database, 'from-elsewhere', { source_last_seq: '0-somewhere', history: [] })
    await checkpoint(database, 'from-pouchdb', { last_seq: 1 })
    await checkpoint(database, 'other', { source_last_seq: { a: 1 } })
    await rules({ purge_tombstones_older_than: 0 })
    await at(1)
    t.false(exists(database, 'a'))
    t.true(exists(database, 'b'))
    t.deepEqual(retention.heldBackBy, ['_local/couchdb', '_local/pouchdb'])
    await at(2)
    t.is(logged.filter(line => line.includes('a peer has not seen them')).length, 1)
    await checkpoint(database, 'couchdb', { _rev: '0-1', source_last_seq: database.seq })
    await at(3)
    t.true(exists(database, 'b'))
    t.deepEqual(retention.heldBackBy, ['_local/pouchdb'])
    await checkpoint(database, 'pouchdb', { _rev: '0-1', last_seq: database.seq })
    await at(4)
    t.false(exists(database, 'b'))
    t.deepEqual(retention.heldBackBy, [])
  },
)

test(
  'a sequence of the future of this database means a peer that has seen nothing',
  withRetention,
  async (t, { database, at, rules }) => {
    await write(database, [{ _id: 'a' }])
    await remove(database, 'a')
    const suffix = database.seq.slice(database.seq.indexOf('-'))
    await checkpoint(database, 'restored', { source_last_seq: `999${suffix}` })
    await rules({ purge_tombstones_older_than: 0 })
    await at(1)
    t.true(exists(database, 'a'))
  },
)

test(
  'a peer that fetches nothing for as long as the rules say is waited for no more; one that had nothing to fetch is',
  withRetention,
  async (t, { database, retention, at, rules }) => {
    await write(database, [{ _id: 'a' }])
    await checkpoint(database, 'silent', { source_last_seq: database.seq })
    await rules({ purge_tombstones_older_than: DAY_SECONDS, forget_peers_after: 30 * DAY_SECONDS })
    await at(0)
    await at(100 * DAY)
    await remove(database, 'a')
    await at(101 * DAY)
    await at(120 * DAY)
    t.true(exists(database, 'a'))
    t.deepEqual(retention.heldBackBy, ['_local/silent'])
    await at(131 * DAY)
    t.false(exists(database, 'a'))
    t.deepEqual(retention.heldBackBy, [])
  },
)

test(
  'documents whose time is over are deleted as an edit deletes them',
  withRetention,
  async (t, { database, retention, at, rules }) => {
    await write(database, [
      { _id: 'past', expires: 10 },
      { _id: 'future', expires: 1_000_000 },
      { _id: 'text', expires: '1970-01-01T00:00:20Z' },
      { _id: 'none' },
      { _id: 'odd', expires: 'soon' },
      { _id: 'inner', deep: { expires: 10 } },
    ])
    await rules({ expires_field: 'expires' })
    await at(9999)
    t.is(retention.expired, 0)
    await at(10_000)
    t.is(database.document(asDocId('past'))?.deleted, true)
    t.is(database.document(asDocId('text'))?.deleted, false)
    await at(20_000)
    t.is(database.document(asDocId('text'))?.deleted, true)
    t.is(retention.expired, 2)
    for (const id of ['future', 'none', 'odd', 'inner'])
      t.is(database.document(asDocId(id))?.deleted, false, id)
  },
)

test('the end of the latest revision counts', withRetention, async (t, { database, at, rules }) => {
  await rules({ expires_field: 'expires' })
  await write(database, [
    { _id: 'longer', expires: 10 },
    { _id: 'without', expires: 10 },
    { _id: 'sooner', expires: 99 },
  ])
  await at(1)
  const again = (id: string, body: object) =>
    write(database, [{ _id: id, _rev: database.document(asDocId(id))?.rev, ...body }])
  await again('longer', { expires: 100 })
  await again('without', {})
  await again('sooner', { expires: 5 })
  await at(10_000)
  const deleted = (id: string) => database.document(asDocId(id))?.deleted
  t.deepEqual(['longer', 'without', 'sooner'].map(deleted), [false, false, true])
  await at(100_000)
  t.true(deleted('longer'))
})

test(
  'another field has another index, and a name with escapes is found',
  withRetention,
  async (t, { database, at, rules }) => {
    await write(database, [
      { _id: 'one', 'a"b': 1 },
      { _id: 'two', other: 1 },
    ])
    await rules({ expires_field: 'a"b' })
    await at(5000)
    const deleted = (id: string) => database.document(asDocId(id))?.deleted
    t.deepEqual(['one', 'two'].map(deleted), [true, false])
    await rules({ expires_field: 'other' })
    await at(6000)
    t.deepEqual(['one', 'two'].map(deleted), [true, true])
  },
)

test('two nodes that delete the same document write the same revision', async t => {
  const revs: (string | undefined)[] = []
  for (const ms of [50_000, 90_000]) {
    const { database, close } = await memoryDatabase()
    await write(database, [{ _id: 'a', expires: 10, n: 1 }])
    await database.write({ kind: 'set_retention', retention: { expires_field: 'expires' } })
    const log = pino({ level: 'silent' })
    const context = { log, now: () => ms, pause: () => Promise.resolve() }
    await new DatabaseRetention(database, context).run(new AbortController().signal)
    revs.push(database.document(asDocId('a'))?.rev)
    await close()
  }
  t.regex(revs[0] ?? '', /^2-/)
  t.is(revs[0], revs[1])
})

test(
  'thousands of documents and tombstones go in parts',
  withRetention,
  async (t, { database, retention, at, rules }) => {
    const docs = Array.from({ length: 1500 }, (_, n) => ({
      _id: `doc${n}`,
      expires: n % 3 === 0 ? 10_000 : 10,
    }))
    await write(database, docs)
    await rules({ expires_field: 'expires', purge_tombstones_older_than: 0 })
    await at(20_000)
    t.is(retention.expired, 1000)
    t.is(retention.purged, 1000)
    t.is(database.state.docs, 500)
    t.is(database.state.deletedDocs, 0)
    t.is(await countDifference(database), undefined)
  },
)
