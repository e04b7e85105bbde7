import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request } from 'undici'
import { target } from '../../harness/client.ts'
import { call } from '../helpers/http.ts'
import { recountedDigest, toldDigest } from '../helpers/recount-digest.ts'
import { type Changes, type ChangesRow, follow, mirrorOf } from './bystanders.ts'
import { type DatabaseModel, type DocumentState, type KnownDocument, type Model, numberOf } from './model.ts'

/**
 * Compares a server that was started again with what is known, and takes over what turned out to be stored where an answer
 * had not come.
 *
 * @throws {assert.AssertionError} with the database and document that is not as it was acknowledged
 */
export async function verify(url: string, model: Model): Promise<void> {
  for (const database of model.databases) {
    const feed = await readFeed(url, database)
    checkFollower(database, feed)
    await checkDocuments(url, database, feed)
    await checkCounts(url, database, feed)
    assert.equal(
      await toldDigest(url, database.name),
      await recountedDigest(url, database.name),
      database.name,
    )
    await checkQueries(url, database, feed)
    await checkValues(url, database)
    await checkCheckpoints(url, database, feed)
  }
  await checkShortLived(url, model)
}

async function readFeed(url: string, { name }: DatabaseModel): Promise<Changes> {
  const { status, body } = await call<Changes>(url, 'GET', `/${name}/_changes?include_docs=true`)
  assert.equal(status, 200, name)
  return body
}

/** Each document stands in the feed once, and no sequence was given out twice, also to a reader from before. */
function checkFollower(database: DatabaseModel, feed: Changes): void {
  const { name, sequences, follower } = database
  const ids = new Set(feed.results.map(row => row.id))
  assert.equal(ids.size, feed.results.length, `${name}: the feed lists a document twice`)
  let last = 0
  for (const { seq, id, changes } of feed.results) {
    const number = numberOf(seq)
    assert.ok(number > last, `${name}: ${seq} comes after ${last}`)
    last = number
    const before = sequences.get(number)
    const given = `${id}@${changes[0]?.rev}`
    assert.ok(before === undefined || before === given, `${name}: ${number} was ${before} and is ${given}`)
  }
  const held = numberOf(follower.since)
  assert.ok(numberOf(feed.last_seq) >= held, `${name}: ${feed.last_seq} is behind ${held}`)
  const results = feed.results.filter(row => numberOf(row.seq) > held)
  follow(database, { results, last_seq: feed.last_seq })
  for (const { id, changes } of feed.results)
    assert.equal(follower.winners.get(id), changes[0]?.rev, `${name}: a follower missed ${id}`)
}

async function checkDocuments(url: string, database: DatabaseModel, feed: Changes): Promise<void> {
  const rows = new Map(feed.results.map(row => [row.id, row]))
  for (const [id, known] of database.documents) {
    const row = rows.get(id)
    const place = `${database.name}/${id}`
    const state = stateOf(known, row, place)
    known.unsure = undefined
    if (state === undefined) continue
    known.acknowledged = row === undefined ? state : { ...state, rev: row.changes[0]?.rev ?? '' }
    if (row !== undefined && state.deleted !== true) await checkAttachment(url, place, state, row)
  }
  for (const [id, row] of rows) {
    if (id.startsWith('_design/')) continue
    assert.ok(database.documents.has(id), `${database.name}/${id} was never written: ${JSON.stringify(row)}`)
  }
}

/** The state that a document turned out to be in: the acknowledged one, or the one whose answer did not come. */
function stateOf(
  { acknowledged, unsure }: KnownDocument,
  row: ChangesRow | undefined,
  place: string,
): DocumentState | undefined {
  const possible = [acknowledged, unsure].filter(state => state !== undefined)
  if (row === undefined) {
    const purged = possible.find(state => state.purged === true)
    assert.ok(purged !== undefined || acknowledged === undefined, `${place} is lost`)
    return purged
  }
  const [{ rev } = { rev: '' }] = row.changes
  if (acknowledged?.rev === rev) return acknowledged
  const { tag = '' } = row.doc ?? {}
  assert.ok(
    unsure !== undefined && unsure.purged !== true && unsure.tag === tag,
    `${place} is ${rev} ${tag} and should be ${JSON.stringify(possible)}`,
  )
  assert.equal(row.deleted ?? false, unsure.deleted ?? false, place)
  return unsure
}

async function checkAttachment(
  url: string,
  place: string,
  state: DocumentState,
  row: ChangesRow,
): Promise<void> {
  assert.equal(row.doc?._attachments !== undefined, state.attachment !== undefined, `${place}: attachments`)
  if (state.attachment === undefined) return
  const { origin, headers } = target(url)
  const answer = await request(`${origin}/${place}/f`, { headers, reset: true })
  const bytes = Buffer.from(await answer.body.arrayBuffer())
  assert.equal(answer.statusCode, 200, place)
  assert.equal(createHash('md5').update(bytes).digest('base64'), state.attachment, `${place}/f`)
}

async function checkCounts(url: string, { name }: DatabaseModel, { results }: Changes): Promise<void> {
  const { body } = await call<{ doc_count: number; doc_del_count: number }>(url, 'GET', `/${name}`)
  const deleted = results.filter(row => row.deleted === true).length
  assert.equal(body.doc_count, results.length - deleted, `${name}: doc_count`)
  assert.equal(body.doc_del_count, deleted, `${name}: doc_del_count`)
  const list = await call<{ total_rows: number; rows: { id: string; value: { rev: string } }[] }>(
    url,
    'GET',
    `/${name}/_all_docs`,
  )
  const live = results.filter(row => row.deleted !== true).map(row => `${row.id}@${row.changes[0]?.rev}`)
  const listed = list.body.rows.map(row => `${row.id}@${row.value.rev}`)
  assert.deepEqual(listed.toSorted(), live.toSorted(), `${name}: _all_docs and _changes differ`)
  assert.equal(list.body.total_rows, live.length, `${name}: total_rows`)
}

interface Valued {
  readonly _id: string
  readonly tag?: string
  readonly type?: string
  readonly value?: number
}

/** Views and indexes are as if they had been built of the documents that are there now. */
async function checkQueries(url: string, { name }: DatabaseModel, { results }: Changes): Promise<void> {
  const docs = results
    .filter(row => row.deleted !== true && !row.id.startsWith('_design/'))
    .map(row => row.doc as unknown as Valued)
  const view = await call<{ rows: { id: string; key: string }[] }>(
    url,
    'GET',
    `/${name}/_design/d/_view/by_tag`,
  )
  const tagged = docs.filter(doc => doc.tag !== undefined && doc.tag !== '')
  assert.deepEqual(
    view.body.rows.map(row => `${row.id} ${row.key}`).toSorted(),
    tagged.map(doc => `${doc._id} ${doc.tag}`).toSorted(),
    `${name}: view`,
  )
  const groups = await call<{ rows: { key: string | null; value: number }[] }>(
    url,
    'GET',
    `/${name}/_design/d/_view/by_type?group=true`,
  )
  const sums = new Map<string | null, number>()
  for (const { type = null, value = 0 } of docs) sums.set(type, (sums.get(type) ?? 0) + value)
  assert.deepEqual(
    new Map(groups.body.rows.filter(row => row.key !== null).map(row => [row.key, row.value])),
    new Map([...sums].filter(([key]) => key !== null).toSorted()),
    `${name}: groups`,
  )
  const find = await call<{ docs: Valued[] }>(url, 'POST', `/${name}/_find`, {
    json: { selector: { value: { $gte: 50 } }, limit: 1_000_000 },
  })
  assert.deepEqual(
    find.body.docs.map(doc => doc._id).toSorted(),
    docs
      .filter(doc => (doc.value ?? 0) >= 50)
      .map(doc => doc._id)
      .toSorted(),
    `${name}: _find`,
  )
}

async function checkValues(url: string, database: DatabaseModel): Promise<void> {
  const path = `/${database.name}`
  const local = await call<{ value?: number }>(url, 'GET', `${path}/_local/state`)
  checkValue(database, 'local', local.body.value ?? 0)
  const security = await call<{ members?: { names?: string[] } }>(url, 'GET', `${path}/_security`)
  checkValue(database, 'security', Number(security.body.members?.names?.[0]?.slice(1) ?? 0))
}

function checkValue(database: DatabaseModel, name: string, stored: number): void {
  const value = database.value(name)
  assert.ok(
    stored >= value.acknowledged && stored <= value.asked,
    `${database.name}: ${name} is ${stored} and should be ${value.acknowledged} to ${value.asked}`,
  )
  value.acknowledged = stored
}

interface Checkpoint {
  readonly _id: string
  readonly source_last_seq?: string
}

/** Checks that what a checkpoint says is replicated is there, and no checkpoint is ahead of its source. */
async function checkCheckpoints(url: string, { name }: DatabaseModel, feed: Changes): Promise<void> {
  const mirror = await call<Changes>(url, 'GET', `/${mirrorOf(name)}/_changes`)
  const copied = new Map(mirror.body.results.map(row => [row.id, row.changes[0]?.rev]))
  const locals = await call<{ rows: { doc: Checkpoint }[] }>(
    url,
    'GET',
    `/${mirrorOf(name)}/_local_docs?include_docs=true`,
  )
  for (const { doc } of locals.body.rows) {
    if (doc.source_last_seq === undefined) continue
    const until = numberOf(doc.source_last_seq)
    assert.ok(until <= numberOf(feed.last_seq), `${name}: checkpoint ${until} is ahead of its source`)
    for (const { seq, id, changes } of feed.results) {
      if (numberOf(seq) > until) break
      assert.equal(copied.get(id), changes[0]?.rev, `${mirrorOf(name)} lacks ${id}, checkpoint ${until}`)
    }
  }
}

async function checkShortLived(url: string, model: Model): Promise<void> {
  for (const [name, entry] of model.shortLived) {
    const list = await call<{ rows?: { id: string }[] }>(url, 'GET', `/${name}/_all_docs`)
    const stored = list.status === 404 ? undefined : (list.body.rows ?? []).map(row => row.id)
    const unsure = entry.unsure
    const isAcknowledged =
      stored === undefined ? entry.acknowledged === undefined : stored.join() === entry.acknowledged
    // A database may have been created and its document not yet written.
    const isUnsure =
      unsure !== undefined &&
      (unsure.to === undefined
        ? stored === undefined
        : (stored?.join() ?? unsure.to) === unsure.to || stored?.length === 0)
    assert.ok(
      isAcknowledged || isUnsure,
      `${name} has ${stored?.join()} and should be ${JSON.stringify(entry)}`,
    )
    entry.unsure = undefined
    entry.acknowledged = stored === undefined ? undefined : stored.join()
  }
}
