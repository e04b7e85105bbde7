import test from 'ava'
import type { Database } from '../../../../server/database/database.ts'
import { purgesAfter } from '../../../../server/database/maintenance/purge-log.ts'
import { purge } from '../../../../server/database/maintenance/purge.ts'
import { findRevision, openRevisions } from '../../../../server/database/documents/read-document.ts'
import { RevisionFinder } from '../../../../server/database/documents/revision-finder.ts'
import { fetchRevisions, openedRevision } from '../../../../server/replication/local-revisions.ts'
import { openRevisionParts } from '../../../../server/routes/documents/multipart-answers.ts'
import { ANONYMOUS } from '../../../../protocol/user-context.ts'
import { STORAGE } from '../../../../server/database/storage-of.ts'
import { KeySpace } from '../../../../server/storage/keys.ts'
import { asDocId } from '../../../../protocol/document-id.ts'
import { asRev, type Rev } from '../../../../protocol/revision.ts'
import { compact } from '../../../helpers/compact.ts'
import { memoryDatabase } from '../../../helpers/memory-database.ts'
import { write } from '../../../helpers/write.ts'

const ID = asDocId('doc')

async function bodiesIn(database: Database): Promise<number> {
  const { store, keys } = database[STORAGE]
  return (await store.keys(keys.range(KeySpace.body)).all()).length
}

async function edit(database: Database, times: number, members: object = {}): Promise<Rev[]> {
  const revs: Rev[] = []
  for (let n = 0; n < times; n++) {
    const [outcome] = await write(database, [{ _id: ID, _rev: revs.at(-1), n, ...members }])
    revs.push(outcome!.rev!)
  }
  return revs
}

async function loggedPurges(database: Database): Promise<number[]> {
  const seqs: number[] = []
  for await (const { purgeSeq } of purgesAfter(database, 0)) seqs.push(purgeSeq)
  return seqs
}

const attached = (data: string) => ({
  _attachments: { a: { content_type: 'text/plain', data: Buffer.from(data).toString('base64') } },
})

test('compaction removes the bodies of revisions that are no leaves, and leaves the rest as it is', async t => {
  const { database, close } = await memoryDatabase()
  const revs = await edit(database, 5)
  await write(database, [{ _id: ID, _rev: '1-fork' }], { replicated: true })
  const { seq } = database.state
  t.is(await bodiesIn(database), 6)
  await compact(database)
  t.is(await bodiesIn(database), 2)
  t.is(database.state.seq, seq)
  t.throws(() => findRevision(database, ID, revs[2]!, { latest: false }), { message: /missing/ })
  t.is(
    Buffer.from(
      database.body(findRevision(database, ID, revs[4]!, { latest: false }).node.body).body,
    ).toString(),
    '{"n":4}',
  )
  t.is(database.document(ID)?.tree.hashes.length, 6)
  t.is(database.state.externalSize, '{"n":4}{}'.length)
  await close()
})

test('attachments that only removed revisions had are given up', async t => {
  const { database, close } = await memoryDatabase()
  await edit(database, 1, attached('old'))
  const [first] = database.attachmentsOf(1)
  const [outcome] = await write(database, [{ _id: ID, _rev: database.document(ID)?.rev, ...attached('new') }])
  await compact(database)
  await t.throwsAsync(async () => database.attachments.read(first?.content ?? ''))
  const [kept] = database.attachmentsOf(database.document(ID)?.body ?? 0)
  t.is(kept?.length, 3)
  await purge(database, [{ id: ID, revs: [outcome!.rev!] }])
  await t.throwsAsync(async () => database.attachments.read(kept?.content ?? ''))
  t.is(await bodiesIn(database), 0)
  await close()
})

test('what a limit on revisions cuts off is not left behind', async t => {
  const { database, close } = await memoryDatabase()
  await database.write({ kind: 'set_limit', name: 'revsLimit', limit: 3 })
  await edit(database, 10)
  t.is(await bodiesIn(database), 3)
  t.is(database.state.revsLimit, 3)
  await close()
})

test('a compaction during writes loses none of them', async t => {
  const { database, close } = await memoryDatabase()
  const documents = Array.from({ length: 500 }, (_, n) => ({ _id: `d${n}`, n }))
  const first = await write(database, documents)
  const second = await write(
    database,
    documents.map((document, n) => ({ ...document, _rev: first[n]?.rev, second: true })),
  )
  const third = write(
    database,
    documents.map((document, n) => ({ ...document, _rev: second[n]?.rev, third: true })),
  )
  await compact(database)
  const outcomes = await third
  t.true(outcomes.every(({ error }) => error === undefined))
  for (const { id, rev } of outcomes) {
    const document = database.document(id)
    t.is(document?.rev, rev)
    t.regex(Buffer.from(database.body(document?.body ?? 0).body).toString(), /"third":true/)
  }
  await compact(database)
  t.is(await bodiesIn(database), 500)
  await close()
})

test('a purge forgets leaves, is logged, and the log is cut to its limit by compaction', async t => {
  const { database, close } = await memoryDatabase()
  const [rev] = await edit(database, 1)
  await write(database, [{ _id: ID, _rev: '1-fork' }], { replicated: true })
  const { seq } = database.state
  t.deepEqual(await purge(database, [{ id: ID, revs: ['1-fork', '9-none'].map(asRev) }]), [[asRev('1-fork')]])
  t.is(database.document(ID)?.rev, rev)
  t.is(database.state.seq, seq + 1)
  t.deepEqual(await purge(database, [{ id: ID, revs: [rev!] }]), [[rev!]])
  t.is(database.document(ID), undefined)
  t.deepEqual([database.state.docs, database.state.purgeSeq], [0, 2])
  t.deepEqual(await loggedPurges(database), [1, 2])
  await database.write({ kind: 'set_limit', name: 'purgedInfosLimit', limit: 1 })
  await compact(database)
  t.deepEqual(await loggedPurges(database), [2])
  const [again] = await write(database, [{ _id: ID, n: 0 }])
  t.is(again?.rev, rev)
  await close()
})

test('a revision that is purged between its finding and its reading is missing, and the others are read', async t => {
  const { database, close } = await memoryDatabase()
  t.teardown(close)
  const [rev] = await edit(database, 1)
  const [kept] = await write(database, [{ _id: 'kept' }])
  const wanted = [
    { id: ID, revs: [rev!], possibleAncestors: [] },
    { id: 'kept', revs: [kept!.rev!], possibleAncestors: [] },
  ]
  const [entry] = openRevisions(database.document(ID), [rev!], { latest: true })
  const readBodies = database.bodies.bind(database)
  database.bodies = async numbers => {
    await purge(database, [{ id: ID, revs: [rev!] }])
    return readBodies(numbers)
  }
  const revisions = new RevisionFinder(database, { latest: true, user: ANONYMOUS })
  // A replication of the whole database once ended with 404 here.
  t.like(await fetchRevisions(database, revisions, wanted, ANONYMOUS), [
    { kind: 'missing', id: ID, rev },
    { kind: 'document' },
  ])
  const reader = { attsSince: [], reader: ANONYMOUS }
  t.deepEqual(openedRevision(database, ID, entry!, reader), { kind: 'missing', rev: rev! })
  const [part] = [...openRevisionParts(database, ID, [entry!], {}, ANONYMOUS)]
  t.is(Buffer.from((part!.body as Uint8Array[])[0]!).toString(), JSON.stringify({ missing: rev }))
})
