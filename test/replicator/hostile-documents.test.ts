import test from 'ava'
import type { ServerResponse } from 'node:http'
import { type FalsePeer, sendJson, startFalsePeer } from '../helpers/faults/false-peer.ts'
import { call } from '../helpers/http.ts'
import { replicate } from '../helpers/replication.ts'
import { type RunningServer, startServer } from '../helpers/server.ts'

const REV = '3-cccccccccccccccccccccccccccccccc'
const HASHES = ['c', 'b', 'a'].map(digit => digit.repeat(32))
const [C = '', B = '', A = ''] = HASHES
/** MD5 of "data". */
const DIGEST = 'md5-jXd/OF09/siBXSD3SWAmww=='
/** CouchDB's default of `_revs_limit`. */
const REVS_LIMIT = 1000

let server: RunningServer

test.before(async () => {
  server = await startServer()
})

test.after.always(() => server.close())

type Documents = Readonly<Record<string, object>>

/** A source with documents of one revision; their ids are the names of the members. */
function sourceOf(
  documents: Documents,
  read?: (id: string, response: ServerResponse) => void,
): Promise<FalsePeer> {
  const ids = Object.keys(documents)
  return startFalsePeer((request, response) => {
    const url = request.url ?? ''
    const id = /^\/db\/(\w+)\?/.exec(url)?.[1] ?? ''
    if (url.startsWith('/db/_changes')) {
      const results = ids.map((id, index) => ({ seq: index + 1, id, changes: [{ rev: REV }] }))
      sendJson(response, 200, { results, last_seq: ids.length, pending: 0 })
    } else if (url.startsWith('/db/_bulk_get')) {
      const results = ids.map(id => ({ id, docs: [{ ok: { _id: id, _rev: REV, ...documents[id] } }] }))
      sendJson(response, 200, { results })
    } else if (read !== undefined && id in documents) read(id, response)
    else return false
  })
}

const revisions = (start: unknown, ids: unknown): object => ({ _revisions: { start, ids } })

/** Histories that no database has. The newest of `_revisions` counts, as in CouchDB, which takes any text for a hash. */
const TAKEN: Readonly<Record<string, readonly [object, revisions: number]>> = {
  good: [revisions(3, HASHES), 3],
  cyclic: [revisions(5, [C, B, C, B, A]), 5],
  same: [revisions(3, [C, C, C]), 3],
  another: [revisions(3, [A, B, C]), 3],
  longer: [revisions(2, HASHES), 3],
  giant: [
    revisions(
      50_000,
      Array.from({ length: 50_000 }, (_, n) => n.toString(16).padStart(32, 'c')),
    ),
    REVS_LIMIT,
  ],
}
const REFUSED: Documents = {
  none: revisions(3, []),
  far: revisions(1e15, HASHES),
  negative: revisions(-3, HASHES),
  text: revisions('3', HASHES),
  numbers: revisions(3, [1, 2, 3]),
}

for (const remote of [false, true]) {
  test.serial(
    `a source's impossible histories stop no other document, ${remote ? 'over HTTP' : 'here'}`,
    async t => {
      const taken = Object.fromEntries(Object.entries(TAKEN).map(([id, [document]]) => [id, document]))
      const peer = await sourceOf({ ...REFUSED, ...taken })
      t.teardown(() => peer.close())
      const name = remote ? 'far-histories' : 'histories'
      await call(server.url, 'PUT', `/${name}`)
      const answer = await replicate(server.url, {
        source: peer.url,
        target: remote ? `${server.url}/${name}` : name,
      })
      t.like(answer.history?.[0], { docs_written: 6, doc_write_failures: 5 }, JSON.stringify(answer))
      for (const id of Object.keys(REFUSED))
        t.is((await call(server.url, 'GET', `/${name}/${id}`)).status, 404, id)
      for (const [id, [, length]] of Object.entries(TAKEN)) {
        const { body } = await call<{ _revisions: { ids: string[] } }>(
          server.url,
          'GET',
          `/${name}/${id}?revs=true`,
        )
        t.is(body._revisions.ids.length, length, id)
      }
    },
  )
}

test.serial('a document with an empty history stops no other document of its batch', async t => {
  await call(server.url, 'PUT', '/batch')
  const docs = [
    { _id: 'bad', _rev: REV, ...revisions(3, []) },
    { _id: 'good', _rev: REV },
  ]
  const { status, body } = await call(server.url, 'POST', '/batch/_bulk_docs', {
    json: { new_edits: false, docs },
  })
  t.is(status, 201)
  t.like(body, { 0: { id: 'bad', error: 'bad_request' }, length: 1 })
  t.is((await call(server.url, 'GET', '/batch/good')).status, 200)
  t.is((await call(server.url, 'PUT', '/batch/bad?new_edits=false', { json: docs[0] })).status, 400)
})

/** Attachments whose description does not fit their content, "data". */
const WRONG: Readonly<Record<string, readonly [stub: object, bytes: string]>> = {
  shorter: [{ length: 40, digest: DIGEST }, 'data'],
  longer: [{ length: 2, digest: DIGEST }, 'data'],
  changed: [{ length: 4, digest: DIGEST }, 'atad'],
  negative: [{ length: -4, digest: DIGEST }, 'data'],
  text: [{ length: '4', digest: DIGEST }, 'data'],
  encoded: [{ length: 2 ** 40, encoded_length: 9, encoding: 'gzip', digest: DIGEST }, 'data'],
}

for (const [what, [stub, bytes]] of Object.entries(WRONG)) {
  test.serial(`an attachment that is not what its source says is not stored: ${what}`, async t => {
    const attachments = (member: object): object => ({
      _attachments: { f: { ...member, revpos: 1, content_type: 'text/plain', ...stub } },
    })
    const peer = await sourceOf({ a: attachments({ stub: true }) }, (id, response) => {
      const document = { _id: id, _rev: REV, ...attachments({ follows: true }) }
      sendPart(response, document, bytes)
    })
    t.teardown(() => peer.close())
    const name = `attachment-${what}`
    await call(server.url, 'PUT', `/${name}`)
    const answer = await replicate(server.url, { source: peer.url, target: name, retries_per_request: 0 })
    t.true(
      answer.error !== undefined || answer.history?.[0]?.doc_write_failures === 1,
      JSON.stringify(answer),
    )
    t.notRegex(JSON.stringify(answer), /server failed/)
    t.is((await call(server.url, 'GET', `/${name}/a`)).status, 404)
  })
}

/** Answers a document with one attachment as `open_revs` does. */
function sendPart(response: ServerResponse, document: object, bytes: string): void {
  response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="b"' })
  response.end(
    '--b\r\ncontent-type: multipart/related; boundary="c"\r\n\r\n--c\r\ncontent-type: application/json\r\n\r\n' +
      `${JSON.stringify(document)}\r\n--c\r\n\r\n${bytes}\r\n--c--\r\n--b--`,
  )
}

const REDIRECTED: readonly (readonly [status: number, path: RegExp, to: string | undefined])[] = [
  [301, /^\/db\/$/, undefined],
  [302, /_local/, 'file:///etc/passwd'],
  [303, /_changes/, '/db/'],
  [307, /_bulk_get/, undefined],
  [308, /_revs_diff/, undefined],
  [307, /_bulk_docs/, 'http://['],
]

test.serial('a redirect leads nowhere, and takes no credentials along', async t => {
  const other = await startFalsePeer(() => false)
  t.teardown(() => other.close())
  for (const [status, path, to = other.url] of REDIRECTED) {
    const peer = await startFalsePeer((request, response) => {
      if (!path.test(request.url ?? '')) return false
      response.writeHead(status, { location: to }).end()
    })
    t.teardown(() => peer.close())
    const url = peer.url.replace('://', '://u:secret@')
    const answer = await replicate(server.url, { source: url, target: url, retries_per_request: 0 })
    t.is(answer.error, 'redirected', `${path.source}: ${JSON.stringify(answer)}`)
    t.notRegex(JSON.stringify(answer), /secret/)
  }
  t.deepEqual(other.requests, [])
})
