import test from 'ava'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCli } from '../../cli/run-cli.ts'
import { eventually } from '../../helpers/eventually.ts'
import { RestartableNode } from '../../helpers/faults/restartable.ts'
import { call } from '../../helpers/http.ts'
import { PouchDB } from '../../helpers/pouch.ts'
import { converged } from '../../helpers/replication.ts'

/** Every value that is to be hidden holds it: random text is literally there where it is stored compressed. */
const CLEAR = 'q7Zx0Kd2vR9mWb4T'
const RULES = [
  { field: 'mail', hash: 'mails' },
  { selector: { type: 'customer' }, field: 'card.number', keep_last: 4 },
  { field: 'notes.text', redact: true },
  { field: 'history', remove: true },
  { attachments: 'scan-*', remove: true },
]
const SECRET = { url: 'mask:', token: 'a-secret-of-ours' }

/** Jobs start at once. */
const FAST = [{ section: 'replicator', key: 'startup_jitter', value: '1' }]

interface Two {
  readonly leader: RestartableNode
  readonly follower: RestartableNode
}

async function withTwo(use: (two: Two) => Promise<void>): Promise<void> {
  const [leader, follower] = await Promise.all([RestartableNode.start(FAST), RestartableNode.start(FAST)])
  try {
    await use({ leader, follower })
  } finally {
    await follower.close()
    await leader.close()
  }
}

async function follow({ leader, follower }: Two, mask: readonly object[] = RULES): Promise<void> {
  await call(follower.url, 'PUT', '/_credentials/mails', { json: SECRET })
  const { status, body } = await call(follower.url, 'PUT', '/app/_follower', {
    json: { source: `${leader.url}/app`, mask },
  })
  if (status !== 201) throw new Error(`no follower: ${JSON.stringify(body)}`)
}

function customer(more: object = {}): object {
  return {
    type: 'customer',
    mail: `anne-${CLEAR}@x`,
    card: { number: `4000-${CLEAR}-1234` },
    notes: [{ text: `called ${CLEAR}` }, { text: 'x', by: 'b' }],
    history: [CLEAR],
    n: 12345678901234567890n.toString(),
    ...more,
  }
}

/** Attachments whose bytes are stored as they come. */
function attached(name: string, text: string): object {
  return { [name]: { content_type: 'application/pdf', data: Buffer.from(text).toString('base64') } }
}

/** Fills the leader with a clear value in everything that a document can be. */
async function fillLeader({ url }: RestartableNode): Promise<void> {
  await call(url, 'PUT', '/app')
  const files = { ...attached('scan-1.pdf', `scan ${CLEAR}`), ...attached('logo.pdf', 'a logo') }
  const branches = ['a', 'b'].map(hash => ({ _id: 'conflict', _rev: `1-${hash.repeat(32)}`, ...customer() }))
  await call(url, 'POST', '/app/_bulk_docs', { json: { docs: branches, new_edits: false } })
  const docs = [
    { _id: 'plain', ...customer() },
    { _id: 'files', ...customer({ _attachments: files }) },
    { _id: 'only-hidden', _attachments: attached('scan-2', `scan ${CLEAR}`) },
    { _id: 'gone', _deleted: true, ...customer() },
    { _id: '_design/d', views: { v: { map: 'function (doc) { emit(doc.mail) }' } }, ...customer() },
    { _id: '_local/client', ...customer() },
    { _id: 'open', card: { number: 'of no customer' } },
  ]
  await call(url, 'POST', '/app/_bulk_docs', { json: { docs } })
}

async function filesWith(directory: string, text: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const contents = await Promise.all(files.map(file => readFile(file)))
  return files.filter((_, index) => contents[index]!.includes(text))
}

test.serial('no clear value is on the disk of a masked follower, also after a compaction', async t => {
  await withTwo(async two => {
    const { leader, follower } = two
    await fillLeader(leader)
    await follow(two)
    await converged(leader.url, follower.url, 'app')
    const rev = (await call<{ _rev: string }>(leader.url, 'GET', '/app/files')).body._rev
    // Another revision, with an attachment that both have, one that only the leader has, and a new one.
    const edited = customer({ _rev: rev, n: 2 })
    const stubs = { 'scan-1.pdf': { stub: true }, 'logo.pdf': { stub: true } }
    const more = { ...stubs, ...attached('scan-3.pdf', `later ${CLEAR}`) }
    const put = await call(leader.url, 'PUT', '/app/files', { json: { ...edited, _attachments: more } })
    t.is(put.status, 201)
    await call(leader.url, 'PUT', '/app/later', { json: customer() })
    await converged(leader.url, follower.url, 'app')

    const files = await call<Record<string, object>>(follower.url, 'GET', '/app/files?attachments=true')
    t.deepEqual(Object.keys(files.body['_attachments'] ?? {}), ['logo.pdf'])
    const plain = await call<Record<string, unknown>>(follower.url, 'GET', '/app/plain')
    t.regex(String(plain.body['mail']), /^[0-9a-f]{64}$/)
    t.deepEqual(plain.body['card'], { number: '***1234' })
    t.deepEqual(plain.body['notes'], [{ text: '***' }, { text: '***', by: 'b' }])
    t.false('history' in plain.body)
    t.is(plain.body['n'], '12345678901234567890')
    const open = await call<{ card: object }>(follower.url, 'GET', '/app/open')
    t.deepEqual(open.body.card, { number: 'of no customer' })
    t.is((await call(follower.url, 'GET', '/app/_local/client')).status, 404)
    const view = await call<{ rows: { key: string }[] }>(follower.url, 'GET', '/app/_design/d/_view/v')
    t.true(view.body.rows.some(({ key }) => key === plain.body['mail']))

    const jobs = await call<{ docs: { info: { masked: object[] } }[] }>(
      follower.url,
      'GET',
      '/_scheduler/docs',
    )
    const masked = jobs.body.docs[0]!.info.masked as { revisions: number; action: string; field?: string }[]
    t.deepEqual(
      masked.map(({ field, action }) => [field, action]),
      [
        ['mail', 'hash'],
        ['card.number', 'keep_last'],
        ['notes.text', 'redact'],
        ['history', 'remove'],
        [undefined, 'remove'],
      ],
    )
    t.true(masked.every(({ revisions }) => revisions >= 2))
    t.false(JSON.stringify(jobs.body).includes(SECRET.token))

    for (const { url } of [leader, follower]) {
      await call(url, 'POST', '/app/_compact', { json: {} })
      await eventually('compacted', async () => {
        const { body } = await call<{ compact_running: boolean }>(url, 'GET', '/app')
        return !body.compact_running
      })
    }
    t.true((await filesWith(leader.data, CLEAR)).length > 0, 'the search finds clear values')
    t.deepEqual(await filesWith(follower.data, CLEAR), [])
    t.deepEqual(await filesWith(follower.data, SECRET.token), [], 'the secret is encrypted')
    // Everything is written anew by the start, and the job goes on with the same mask.
    await follower.stop()
    t.deepEqual(await filesWith(follower.data, CLEAR), [])
    await follower.start()
    await call(leader.url, 'PUT', '/app/last', { json: customer() })
    await converged(leader.url, follower.url, 'app')
    t.deepEqual(await filesWith(follower.data, CLEAR), [])
  })
})

test.serial(
  'a masked copy is never promoted, keeps its mask, and only an empty database becomes one',
  async t => {
    await withTwo(async two => {
      const { leader, follower } = two
      await fillLeader(leader)
      const put = (database: string, json: object) =>
        call<{ reason: string }>(follower.url, 'PUT', `/${database}/_follower`, { json })
      const source = `${leader.url}/app`
      const bad: readonly [unknown, RegExp][] = [
        [[], /1 to 1000 rules/],
        [[{ field: 'mail' }], /must have one of/],
        [[{ field: 'mail', remove: true, attachments: '*' }], /not both/],
        [[{ attachments: '*', redact: true }], /can only be removed/],
        [[{ attachments: '', remove: true }], /pattern of names/],
        [[{ field: '_id', remove: true }], /"_" in front/],
        [[{ field: 'a', hash: 'no name' }], /name of a secret/],
        [[{ selector: { $x: 1 }, field: 'a', remove: true }], /rule 1 of `mask`/],
      ]
      for (const [mask, reason] of bad) {
        const { status, body } = await put('app', { source, mask })
        t.is(status, 400, JSON.stringify(mask))
        t.regex(body.reason, reason)
      }
      t.is((await put('app', { source, mask: RULES, forward_writes: true })).status, 400)
      t.is((await call(follower.url, 'GET', '/app')).status, 404, 'no database was made')
      await call(follower.url, 'PUT', '/full')
      await call(follower.url, 'PUT', '/full/a', { json: {} })
      t.regex((await put('full', { source, mask: RULES })).body.reason, /has been written to/)

      const job = { source, target: `${follower.url}/full`, mask: RULES }
      const asked = await call<{ reason: string }>(follower.url, 'PUT', '/_replicator/j', { json: job })
      t.is(asked.status, 403)
      t.regex(asked.body.reason, /a database that follows the source/)
      t.is((await call(follower.url, 'POST', '/_replicate', { json: job })).status, 400)

      await follow(two)
      await converged(leader.url, follower.url, 'app')
      const promoted = await call<{ reason: string }>(follower.url, 'DELETE', '/app/_follower')
      t.is(promoted.status, 403)
      t.regex(promoted.body.reason, /can never be promoted/)
      t.is((await put('app', { source })).status, 403)
      t.is((await put('app', { source, mask: [{ field: 'mail', remove: true }] })).status, 403)
      t.is((await put('app', { source, mask: RULES })).status, 201)
      t.is((await call<{ masked?: boolean }>(follower.url, 'GET', '/app')).body.masked, true)
      t.is((await call(follower.url, 'PUT', '/app/own', { json: {} })).status, 403)
      t.is((await call(follower.url, 'GET', '/app/plain?r=2')).status, 503, 'it is a member of no quorum')
      const compared = await runCli(['compare', source, `${follower.url}/app`, '--bodies', '--json'], {
        env: { COUCHETTE_URL: follower.url },
      })
      t.is(compared.code, 0, compared.err)
      t.regex(compared.out, /"masked":\s*true/)
    })
  },
)

test.serial('a masked copy is the source of masked followers alone', async t => {
  await withTwo(async two => {
    const { leader, follower } = two
    await fillLeader(leader)
    await follow(two)
    await converged(leader.url, follower.url, 'app')
    const refused = async (method: string, path: string, json?: object) => {
      const { status, body } = await call<{ reason: string }>(follower.url, method, path, { json })
      t.is(status, 403, path)
      t.regex(body.reason, /only masked followers replicate/)
    }
    await refused('GET', '/app/plain?revs=true')
    await refused('GET', '/app/plain?open_revs=all')
    await refused('POST', '/app/_bulk_get?revs=true', { docs: [{ id: 'plain' }] })
    t.is((await call(follower.url, 'GET', '/app/plain')).status, 200)
    const job = { source: `${follower.url}/app`, target: `${leader.url}/copy`, create_target: true }
    for (const { url } of [leader, follower]) {
      const { status, body } = await call(url, 'POST', '/_replicate', { json: job })
      t.true(status >= 400)
      t.regex(JSON.stringify(body), /only masked followers/)
    }
    const local = new PouchDB(`masked-${process.pid}`)
    const remote = new PouchDB(`${follower.url}/app`)
    try {
      await PouchDB.replicate(remote, local, { retry: false }).catch(() => undefined)
      t.deepEqual((await local.allDocs()).rows, [])
    } finally {
      await (local as unknown as { destroy: () => Promise<void> }).destroy()
      await remote.close()
    }
    const json = { source: `${follower.url}/app`, mask: [{ field: 'type', remove: true }] }
    t.is((await call(leader.url, 'PUT', '/second/_follower', { json })).status, 201)
    await converged(follower.url, leader.url, 'app', 'second')
    const { body } = await call<Record<string, unknown>>(leader.url, 'GET', '/second/plain')
    t.deepEqual(body['card'], { number: '***1234' })
    t.false('type' in body)
  })
})

test.serial('a secret that is missing is reported, and nothing is copied without it', async t => {
  await withTwo(async two => {
    const { leader, follower } = two
    await fillLeader(leader)
    await follow(two, [{ field: 'mail', hash: 'unknown' }])
    interface State {
      readonly job: { readonly info: { readonly error?: string } | null } | null
    }
    await eventually('the job says why', async () => {
      const { body } = await call<State>(follower.url, 'GET', '/app/_follower')
      return /no COUCHETTE_MASK_UNKNOWN/.test(body.job?.info?.error ?? '')
    })
    t.is((await call<{ doc_count: number }>(follower.url, 'GET', '/app')).body.doc_count, 0)
    const token = 'another-secret'
    await call(follower.url, 'PUT', '/_credentials/unknown', { json: { url: 'mask:', token } })
    t.is((await call(follower.url, 'PUT', '/_credentials/other', { json: { url: 'mask:' } })).status, 400)
  })
})
