import test from 'ava'
import { asDatabaseName } from '../../../../protocol/database-name.ts'
import { asDocId, type DocId } from '../../../../protocol/document-id.ts'
import type { Rev } from '../../../../protocol/revision.ts'
import type { CommitRecord, CommitSubscriber } from '../../../../server/database/commit/commit-record.ts'
import type { Database } from '../../../../server/database/database.ts'
import { leaves } from '../../../../protocol/revtree/leaves.ts'
import { resolveConflict } from '../../../../server/database/conflicts/resolve-conflict.ts'
import { purge } from '../../../../server/database/maintenance/purge.ts'
import { decodeSecurity } from '../../../../server/database/security.ts'
import type { WriteRequest } from '../../../../server/database/commit/write-request.ts'
import { DatabaseKeys, KeySpace, spaceOfKey } from '../../../../server/storage/keys.ts'
import { openMemoryStore, type Store } from '../../../../server/storage/store.ts'
import { forEachWrite } from '../../../../server/storage/write-set.ts'
import { compact } from '../../../helpers/compact.ts'
import { memoryCatalog } from '../../../helpers/memory-database.ts'
import { write } from '../../../helpers/write.ts'

interface Recorded {
  readonly database: Database
  readonly store: Store
  readonly commits: CommitRecord[]
  readonly requests: WriteRequest[]
  readonly close: () => Promise<void>
}

/** A database whose writes and commits are cloned as they would be for another thread, and kept. */
async function recorded(partitioned = false): Promise<Recorded> {
  const commits: CommitRecord[] = []
  const subscriber: CommitSubscriber = { apply: commit => void commits.push(structuredClone(commit)) }
  const engine = await memoryCatalog({
    extend: () => ({ subscribers: [subscriber], validators: [] }),
    maxPartitionSize: () => 1000,
  })
  const database = await engine.catalog.create(asDatabaseName('test'), { partitioned })
  const requests: WriteRequest[] = []
  const submit = database.write.bind(database)
  database.write = request => {
    const clone = structuredClone(request)
    requests.push(clone)
    return submit(clone)
  }
  return { database, store: engine.store, commits, requests, close: () => engine.close() }
}

const id = (text: string): DocId => asDocId(text)

const attached = (data: string) => ({
  _attachments: { a: { content_type: 'text/plain', data: Buffer.from(data).toString('base64') } },
})

/** Every kind of write: on the way documents get conflicts, long histories, attachments, and go. */
async function writeEverything(database: Database): Promise<void> {
  await write(
    database,
    Array.from({ length: 50 }, (_, n) => ({ _id: `doc${n}`, n, ...(n % 10 === 0 ? attached('same') : {}) })),
  )
  for (let n = 0; n < 100; n++) {
    const rev = database.document(id('long'))?.rev
    await write(database, [
      { _id: 'long', ...(rev === undefined ? {} : { _rev: rev }), n, ...attached(`${n}`) },
    ])
  }
  await write(database, [{ _id: 'doc1', _rev: '1-other', from: 'elsewhere' }], { replicated: true })
  await write(database, [{ _id: 'doc5', _rev: '1-other', from: 'elsewhere' }], { replicated: true })
  await write(database, [{ _id: 'doc4', _rev: '1-other', from: 'elsewhere' }], { replicated: true })
  const [winning, losing] = leaves(database.document(id('doc4'))!.tree)
  const resolution = { id: id('doc4'), revs: [losing!.rev], keep: winning!.rev }
  await resolveConflict(database, resolution, { name: null, roles: ['_admin'] })
  await write(database, [{ _id: 'doc2', _rev: database.document(id('doc2'))?.rev, _deleted: true }])
  await write(database, [{ _id: '_local/checkpoint', seq: 7 }])
  await write(database, [{ _id: '_local/gone', seq: 7 }])
  await write(database, [{ _id: '_local/gone', _rev: '0-1', _deleted: true }])
  await write(database, [{ _id: '_design/d', views: {} }])
  await database.write({
    kind: 'write_rows',
    edits: [
      {
        id: id('row'),
        revs: { start: 1, hashes: ['a'.repeat(32)] },
        deleted: false,
        body: Buffer.from('{"n":1}'),
        term: undefined,
        attachments: [],
      },
    ],
    locals: [{ id: id('_local/row'), rev: undefined, deleted: false, body: Buffer.from('{}') }],
    user: { name: null, roles: ['_admin'] },
  })
  await database.setSecurity(Buffer.from('{"members":{"names":["ann"],"roles":[]}}'))
  await database.write({ kind: 'set_limit', name: 'revsLimit', limit: 90 })
  const follower = { source: 'http://leader/db/', since: 0, forwardsWrites: false, job: 'follower:db' }
  await database.write({ kind: 'set_follower', follower })
  await database.write({ kind: 'set_follower', follower: null })
  await database.write({ kind: 'set_quorum', quorum: { w: 2, r: 2 } })
  await database.write({ kind: 'put_setting', name: 'source_sequences', json: Buffer.from('{}') })
  await database.write({ kind: 'set_limit', name: 'purgedInfosLimit', limit: 1 })
  await database.write({ kind: 'set_retention', retention: { expires_field: 'end' } })
  const winner = (name: string): Rev => database.document(id(name))!.rev
  await purge(database, [
    { id: id('doc3'), revs: [winner('doc3')] },
    { id: id('doc10'), revs: [winner('doc10')] },
    { id: id('doc1'), revs: [winner('doc1')] },
  ])
  await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      write(database, [{ _id: `doc${n + 20}`, _rev: database.document(id(`doc${n + 20}`))?.rev, again: n }]),
    ),
  )
  const row = { id: id('doc1'), policy: null, kind: 'by_hand', leaves: [], rev: '' }
  await database.write({ kind: 'log_resolutions', rows: [{ ...row, time: 1 }], removed: 0 })
  await compact(database)
}

/** Keys and values that a database has in a store, in hex: its indexes and its log are each node's own. */
async function contentsOf(store: Store, database: number): Promise<[string, string][]> {
  const contents: [string, string][] = []
  for await (const [key, value] of store.iterator(new DatabaseKeys(database).all())) {
    const space = spaceOfKey(key)
    if (space === KeySpace.index || space === KeySpace.resolution) continue
    contents.push([Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex')])
  }
  return contents
}

async function applyTo(store: Store, commits: readonly CommitRecord[]): Promise<void> {
  for (const { writes } of commits) {
    const batch = store.batch()
    forEachWrite(writes, (key, value) => (value === undefined ? batch.del(key) : batch.put(key, value)))
    await batch.write()
  }
}

test('a store that applies the commits of another equals it byte for byte', async t => {
  const { database, store, commits, close } = await recorded()
  await writeEverything(database)
  const follower = await openMemoryStore()
  await applyTo(follower, commits)
  const expected = await contentsOf(store, database.record.number)
  t.deepEqual(await contentsOf(follower, database.record.number), expected)
  const spaces = new Set(expected.map(([key]) => spaceOfKey(Buffer.from(key, 'hex'))))
  const { index: _index, rank: _rank, resolution: _resolution, retention: _retention, ...own } = KeySpace
  t.deepEqual(
    [...spaces].sort((a, b) => Number(a) - Number(b)),
    Object.values(own),
  )
  await follower.close()
  await close()
})

test('the writes of a commit lie in the range of its database: content is for each node to keep', async t => {
  const { database, commits, close } = await recorded()
  await writeEverything(database)
  const { gte, lt } = new DatabaseKeys(database.record.number).all()
  for (const { database: number, writes } of commits) {
    t.is(number, database.record.number)
    forEachWrite(writes, key => t.true(Buffer.compare(key, gte) >= 0 && Buffer.compare(key, lt) < 0))
  }
  await close()
})

test('every kind of write can be cloned, and so be sent to another thread', async t => {
  const { database, requests, close } = await recorded()
  await writeEverything(database)
  const kinds: Record<WriteRequest['kind'], true> = {
    clear_interior: true,
    cut_purge_log: true,
    edit_documents: true,
    edit_local_documents: true,
    log_resolutions: true,
    purge: true,
    put_setting: true,
    release_attachments: true,
    resolve_conflict: true,
    set_follower: true,
    set_quorum: true,
    set_limit: true,
    set_retention: true,
    set_security: true,
    write_rows: true,
  }
  t.deepEqual([...new Set(requests.map(({ kind }) => kind))].sort(), Object.keys(kinds).sort())
  await close()
})

test('who may use a database follows from its commits', async t => {
  const { database, commits, close } = await recorded()
  await writeEverything(database)
  const texts = commits.flatMap(({ security }) => (security === undefined ? [] : [security]))
  t.is(texts.length, 1)
  t.deepEqual(decodeSecurity(texts[0]).parsed, database.security)
  t.deepEqual(database.security.members.names, ['ann'])
  await close()
})

test('the changes and states of commits add up to what the database counts', async t => {
  const { database, commits, close } = await recorded()
  await writeEverything(database)
  let live = 0
  for (const { changes, removals } of commits) {
    for (const { wasLive, isLive } of changes) live += Number(isLive) - Number(wasLive)
    for (const { wasLive } of removals) live -= Number(wasLive)
  }
  t.is(live, database.state.docs)
  t.deepEqual(commits.at(-1)?.state, { ...database.state })
  await close()
})

test('a partition that is full refuses what grows it, however its writes overlap', async t => {
  const { database, commits, close } = await recorded(true)
  const text = 'x'.repeat(280)
  const outcomes = []
  for (let n = 0; n < 8; n++) outcomes.push(write(database, [{ _id: `p:${n}`, text }]))
  await write(database, [{ _id: 'q:0', text }])
  const refused = (await Promise.all(outcomes)).filter(([outcome]) => outcome?.error !== undefined)
  t.is(refused.length, 4)
  await purge(database, [{ id: id('p:0'), revs: [database.document(id('p:0'))!.rev] }])
  const [grown] = await write(database, [{ _id: 'p:9', text }])
  t.is(grown?.error, undefined)
  const [over] = await write(database, [{ _id: 'p:10', text }])
  t.is(over?.error?.error, 'partition_overflow')
  const growth = new Map<string, number>()
  for (const { partitionGrowth } of commits)
    for (const [name, bytes] of partitionGrowth) growth.set(name, (growth.get(name) ?? 0) + bytes)
  const bytes = `{"text":"${text}"}`.length
  t.deepEqual(Object.fromEntries(growth), { p: 4 * bytes, q: bytes })
  await close()
})
