import test from 'ava'
import fc from 'fast-check'
import { applyDelta } from '../../protocol/delta/apply.ts'
import { encodeDelta } from '../../protocol/delta/encode.ts'
import { DeltaSource } from '../../replicator/delta-source.ts'
import type { BaseRevision, FetchedRevision, Peer } from '../../replicator/peer.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { type RunningServer, startServer } from '../helpers/server.ts'

let source: RunningServer
let target: RunningServer
/** Sends and takes no deltas. */
let other: RunningServer

test.before(async () => {
  const off = { section: 'couchette', key: 'delta_max_size', value: '0' }
  ;[source, target, other] = await Promise.all([
    startServer(),
    startServer(),
    startServer({ settings: [off] }),
  ])
})

test.after.always(() => Promise.all([source, target, other].map(server => server?.close())))

interface JobInfo {
  readonly deltas?: {
    readonly documents: number
    readonly saved_bytes: number
    readonly failed: number
  }
  readonly bytes_read: number
}

const LINES = Array.from(
  { length: 200 },
  (_, n) => `"line ${n}":${n * 12345678901},"text ${n}":"täglich ${n}"`,
)

/** A body of about 9 KB whose numbers are beyond those of JavaScript. */
function body(members: string, rev?: string): string {
  return `{${rev === undefined ? '' : `"_rev":${JSON.stringify(rev)},`}${members},${LINES.join(',')},"big":12345678901234567890}`
}

const AS_JSON = { 'content-type': 'application/json' }

async function put(url: string, path: string, raw: string): Promise<string> {
  const answer = await call<{ rev: string }>(url, 'PUT', path, { raw, headers: AS_JSON })
  return answer.body.rev
}

/** Has a node pull a database from another for as long as it is told to. */
async function pulled(from: RunningServer, at: RunningServer, name: string): Promise<() => Promise<JobInfo>> {
  const json = { source: `${from.url}/${name}`, target: name, create_target: true, continuous: true }
  const { body: job } = await call<{ _local_id: string }>(at.url, 'POST', '/_replicate', { json })
  return async () => {
    const answer = await call<{ info: JobInfo }>(
      at.url,
      'GET',
      `/_scheduler/jobs/${encodeURIComponent(job._local_id)}`,
    )
    return answer.body.info
  }
}

async function arrives(at: RunningServer, name: string, rev: string): Promise<void> {
  await eventually(`${rev} is there`, async () => {
    const answer = await call<{ _rev?: string }>(at.url, 'GET', `/${name}/d`)
    return answer.body._rev === rev
  })
}

async function sameAt(t: { is: (a: unknown, b: unknown) => unknown }, name: string): Promise<void> {
  const [ours, theirs] = await Promise.all(
    [source, target].map(({ url }) =>
      call<unknown>(url, 'GET', `/${name}/d?revs=true&conflicts=true`, { headers: { accept: '*/*' } }),
    ),
  )
  t.is(JSON.stringify(theirs?.body), JSON.stringify(ours?.body))
}

test('an edit of a large document travels as a delta, and the job says what that saved', async t => {
  await call(source.url, 'PUT', '/edits')
  const first = await put(source.url, '/edits/d', body('"n":1'))
  const info = await pulled(source, target, 'edits')
  await arrives(target, 'edits', first)
  await eventually('the whole document is counted', async () => (await info()).bytes_read > 9000)
  const before = (await info()).bytes_read
  t.deepEqual((await info()).deltas, { documents: 0, saved_bytes: 0, failed: 0 })
  let rev = first
  for (let n = 2; n <= 4; n++) {
    rev = await put(source.url, '/edits/d', body(`"n":${n}`, rev))
    await arrives(target, 'edits', rev)
  }
  await sameAt(t, 'edits')
  const text = await call<string>(target.url, 'GET', '/edits/_all_docs?include_docs=true')
  t.regex(JSON.stringify(text.body), /täglich 199/)
  // What a job reports is some time behind what it does.
  await eventually('all are counted', async () => (await info()).deltas?.documents === 3)
  const { deltas, bytes_read } = await info()
  t.is(deltas?.failed, 0)
  t.true(deltas!.saved_bytes > 3 * 7000, String(deltas!.saved_bytes))
  t.true(bytes_read - before < 9000, `${bytes_read - before} bytes for three edits of 9 KB each`)
  const metrics = await call<string>(target.url, 'GET', '/_node/_local/_prometheus')
  t.regex(metrics.body, /couchette_replicator_delta_saved_bytes\{[^}]*edits[^}]*\} \d{5}/)
})

test('a branch and a tombstone with content come as deltas of what the target has of their ancestors', async t => {
  await call(source.url, 'PUT', '/branches')
  const first = await put(source.url, '/branches/d', body('"n":1'))
  const info = await pulled(source, target, 'branches')
  await arrives(target, 'branches', first)
  const [, hash] = first.split('-') as [string, string]
  const branch = (digit: string, members: string): object => ({
    ...(JSON.parse(body(members)) as object),
    _id: 'd',
    _revisions: { start: 3, ids: [digit.repeat(32), `${digit}0`.repeat(16), hash] },
  })
  const docs = [branch('a', '"n":2'), branch('b', '"n":3,"_deleted":true')]
  await call(source.url, 'POST', '/branches/_bulk_docs', { json: { docs, new_edits: false } })
  await eventually('both are there', async () => {
    const { body: leaves } = await call<unknown[]>(target.url, 'GET', '/branches/d?open_revs=all&revs=true')
    return leaves.length === 2
  })
  await sameAt(t, 'branches')
  const leaves = async ({ url }: RunningServer): Promise<string> =>
    JSON.stringify((await call(url, 'GET', '/branches/d?open_revs=all&revs=true')).body)
  t.is(await leaves(target), await leaves(source))
  await eventually('both are counted', async () => (await info()).deltas?.documents === 2)
})

test('a delta of another body under the same revision is noticed by its digest, and the document fetched whole', async t => {
  const rev = `1-${'0'.repeat(32)}`
  for (const [{ url }, text] of [
    [source, 'täglich 99'],
    [target, 'täglich 88'],
  ] as const) {
    await call(url, 'PUT', '/differs')
    const document = body('"_id":"d"', rev).replace('täglich 99', text)
    const raw = `{"new_edits":false,"docs":[${document}]}`
    await call(url, 'POST', '/differs/_bulk_docs', { raw, headers: AS_JSON })
  }
  const info = await pulled(source, target, 'differs')
  const next = await put(source.url, '/differs/d', body('"n":2', rev))
  await arrives(target, 'differs', next)
  await sameAt(t, 'differs')
  await eventually('it is counted', async () => (await info()).deltas?.failed === 1)
  t.pass()
})

test('servers that send none are not asked for deltas, and masked copies neither send nor take them', async t => {
  const header = async ({ url }: RunningServer, name: string): Promise<unknown> =>
    (await call(url, 'GET', `/${name}`)).headers['couchette-deltas']
  await call(other.url, 'PUT', '/plain')
  t.is(await header(other, 'plain'), undefined)
  const first = await put(other.url, '/plain/d', body('"n":1'))
  const info = await pulled(other, target, 'plain')
  await arrives(target, 'plain', first)
  await arrives(target, 'plain', await put(other.url, '/plain/d', body('"n":2', first)))
  t.is((await info()).deltas, undefined)
  // Who asks one nevertheless, as a peer with an older answer in mind, is answered in full.
  const asked = { docs: [{ id: 'd', bases: [first] }] }
  const path = '/plain/_bulk_get?revs=true&latest=true&deltas=true'
  t.notRegex(JSON.stringify((await call(other.url, 'POST', path, { json: asked })).body), /"delta"/)
  t.regex(JSON.stringify((await call(target.url, 'POST', path, { json: asked })).body), /"delta":\{"id":"d"/)

  t.is(await header(target, 'plain'), '1')
  const mask = [{ field: 'n', redact: true }]
  const json = { source: `${target.url}/plain`, mask }
  t.is((await call(source.url, 'PUT', '/plain-masked/_follower', { json })).status, 201)
  await eventually(
    'it is copied',
    async () => (await call(source.url, 'GET', '/plain-masked/d')).status === 200,
  )
  t.is(await header(source, 'plain-masked'), undefined)
  const { body: docs } = await call<{ docs: { info: JobInfo }[] }>(source.url, 'GET', '/_scheduler/docs')
  t.true(docs.docs.every(({ info: masked }) => !('deltas' in (masked ?? {}))))
})

test('an attachment that the target has is not sent again with an edit, however many edits came before', async t => {
  await call(source.url, 'PUT', '/attached')
  const data = Buffer.alloc(300_000, 'no text').toString('base64')
  const file = { content_type: 'application/octet-stream', data }
  let rev = await put(source.url, '/attached/d', JSON.stringify({ _attachments: { file } }))
  const info = await pulled(source, target, 'attached')
  await arrives(target, 'attached', rev)
  for (let n = 0; n < 3; n++) {
    rev = await put(
      source.url,
      '/attached/d',
      JSON.stringify({ n, _rev: rev, _attachments: { file: { stub: true } } }),
    )
    await arrives(target, 'attached', rev)
  }
  const { bytes_read: read } = await info()
  t.true(read < 400_000, String(read))
})

const BYTES = fc.uint8Array({ maxLength: 300, max: 3 })

test('a delta leads to the text that it was made for, whatever the two have in common', t => {
  fc.assert(
    fc.property(BYTES, BYTES, BYTES, fc.nat(300), fc.nat(300), (base, added, other, from, cut) => {
      const text = Buffer.concat([base.subarray(0, from), added, base.subarray(from + cut), other, base])
      const delta = encodeDelta(base, text, Infinity)
      if (delta === undefined) return base.length === 0 || text.length > 8 * base.length
      return applyDelta(base, delta, text.length)?.equals(text) === true
    }),
    { numRuns: 300 },
  )
  t.pass()
})

test('bytes that are no delta make nothing, and a delta no more than it may', t => {
  fc.assert(
    fc.property(BYTES, fc.uint8Array({ maxLength: 40 }), (base, bytes) => {
      const made = applyDelta(base, Buffer.concat([Buffer.from([1, 0, 0]), bytes]), 1000)
      return made === undefined || made.length <= 1000
    }),
    { numRuns: 300 },
  )
  const copies = (length: number, times: number): Buffer => {
    const delta = Buffer.alloc(5 + 8 * times)
    delta[0] = 1
    delta.writeUInt32BE(length * times, 1)
    for (let n = 0; n < times; n++) delta.writeUInt32BE(length, 5 + 8 * n)
    return delta
  }
  const base = Buffer.alloc(1000, 'x')
  t.is(applyDelta(base, copies(1000, 5), 1e6)?.length, 5000)
  t.is(applyDelta(base, copies(1000, 5), 4999), undefined)
  t.is(applyDelta(base, copies(1000, 500), 1e9), undefined, 'five hundred times its base')
  t.is(encodeDelta(base, Buffer.alloc(100_000, 'x'), 1e6), undefined)
})

test('a delta of a revision that was not named as its base is not tried', async t => {
  const read: string[] = []
  const described = { id: 'd', rev: '2-b', deleted: false, ids: ['b'], digest: '', delta: Buffer.from('x') }
  const peer = {
    bulkGet: async function* (): AsyncGenerator<FetchedRevision[]> {
      yield [{ kind: 'delta', id: 'd', rev: '2-b', described: { ...described, base: '1-secret' } }]
    },
  }
  const readBase = (_: string, rev: string): Promise<BaseRevision | undefined> => {
    read.push(rev)
    return Promise.resolve(undefined)
  }
  const source = new DeltaSource(peer as unknown as Peer, { readBase }, 1000)
  const wanted = [{ id: 'd', revs: ['2-b'], possibleAncestors: ['1-a'] }]
  const found: FetchedRevision[] = []
  for await (const page of source.bulkGet(wanted, AbortSignal.timeout(60_000))) found.push(...page)
  t.deepEqual(found, [{ kind: 'attachments', id: 'd', rev: '2-b' }])
  t.deepEqual(read, [])
})
