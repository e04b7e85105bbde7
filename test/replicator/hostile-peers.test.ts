import test from 'ava'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  at,
  atDocument,
  endless,
  ENDLESS,
  JSON_TYPE,
  MIB,
  MULTIPART,
  PART,
  ROW,
} from '../helpers/faults/endless-replies.ts'
import { eventually } from '../helpers/eventually.ts'
import { sendJson, startFalsePeer } from '../helpers/faults/false-peer.ts'
import type { Reply } from '../helpers/faults/false-peer.ts'
import { call } from '../helpers/http.ts'
import { replicate } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'

const SETTINGS = {
  max_peer_answer: String(4 * MIB),
  max_peer_values: '100000',
  max_peer_document: String(8 * MIB),
  max_peer_row: String(2 * MIB),
  max_peer_memory: String(32 * MIB),
}
/** Bytes that all hostile peers together may add to the memory of the process that talks to them. */
const MAX_GROWTH = 350 * MIB

let server: RunningServer

test.before(async () => {
  const settings = Object.entries(SETTINGS).map(([key, value]) => ({ section: 'couchette', key, value }))
  server = await startServer({ settings })
  for (const name of ['to', 'from']) await call(server.url, 'PUT', `/${name}`)
  await call(server.url, 'PUT', '/from/a', { json: {} })
})

test.after.always(() => server.close())

for (const [what, reply] of Object.entries(ENDLESS)) {
  test.serial(`a source's answer without an end is given up, and its memory freed: ${what}`, async t => {
    const peer = await startFalsePeer(reply)
    t.teardown(() => peer.close())
    const before = process.memoryUsage().rss
    const job = { source: peer.url, target: 'to', retries_per_request: 0, use_checkpoints: true }
    const answer = await replicate(server.url, job)
    t.truthy(answer.error ?? answer.history, JSON.stringify(answer))
    if (answer.error) t.not(answer.reason, 'The server failed.', answer.error)
    await eventually('its connections are closed or idle', () => peer.connections <= 20)
    const growth = process.memoryUsage().rss - before
    t.true(growth < MAX_GROWTH, `${Math.round(growth / MIB)} MiB`)
  })
}

test.serial('a target that sends interim answers without an end is given up', async t => {
  const peer = await startFalsePeer((request, { socket }) => {
    if (request.url?.includes('_revs_diff') !== true || socket === null) return false
    const goOn = (): void => {
      if (!socket.destroyed) socket.write('HTTP/1.1 102 Processing\r\n\r\n', () => setImmediate(goOn))
    }
    goOn()
    return true
  })
  t.teardown(() => peer.close())
  const job = { source: 'from', target: peer.url, retries_per_request: 0 }
  t.regex(String((await replicate(server.url, job)).reason), /interim answers/)
  await eventually('its connections are closed or idle', () => peer.connections <= 20)
})

const VALUES = [null, 1, 'text', [], {}, [null], { a: null }, [[]], { results: null }, { rev: 1 }]
const PATHS: Record<string, RegExp> = {
  'GET the database': /^\/db\/$/,
  _local: /^\/db\/_local/,
  _changes: /^\/db\/_changes/,
  _bulk_get: /^\/db\/_bulk_get/,
  'GET a document': /^\/db\/a\?/,
  _revs_diff: /^\/db\/_revs_diff/,
  _bulk_docs: /^\/db\/_bulk_docs/,
  _ensure_full_commit: /^\/db\/_ensure_full_commit/,
}

for (const [what, path] of Object.entries(PATHS)) {
  test.serial(`JSON of any other shape is no failure of this server: ${what}`, async t => {
    for (const value of VALUES) {
      for (const side of ['source', 'target']) {
        const peer = await startFalsePeer((request, response) => {
          if (!path.test(request.url ?? '')) return false
          sendJson(response, request.method === 'POST' && /docs|commit/.test(path.source) ? 201 : 200, value)
        })
        const ends =
          side === 'source' ? { source: peer.url, target: 'to' } : { source: 'from', target: peer.url }
        const job = { ...ends, retries_per_request: 0, use_bulk_get: what !== 'GET a document' }
        const { error = '', reason = '' } = await replicate(server.url, job)
        t.notRegex(
          `${error} ${reason}`,
          /server failed|internal|undefined|is not an?\b|is not iter|Cannot read/,
          JSON.stringify(value),
        )
        peer.close()
      }
    }
  })
}

test.serial('a source that sends a byte a second is given up', async t => {
  const dribble = (response: ServerResponse): void => {
    response.writeHead(200, JSON_TYPE)
    const timer = setInterval(() => response.write(' '), 100)
    response.on('close', () => clearInterval(timer))
  }
  for (const reply of [at('_local', dribble), at('_bulk_get', dribble), at('_revs_diff', dribble)]) {
    const peer = await startFalsePeer(reply)
    const job = { source: peer.url, target: peer.url, retries_per_request: 0, connection_timeout: 1000 }
    t.is((await replicate(server.url, job)).error, 'timeout')
    peer.close()
  }
})

test.serial('a row that never ends at a byte a second is given up, a feed without news is not', async t => {
  const drip =
    (begin: string, piece: string): Reply =>
    (request, response) => {
      if (!/_changes\?feed=continuous/.test(request.url ?? '')) return false
      response.writeHead(200, JSON_TYPE)
      response.write(begin)
      const timer = setInterval(() => response.write(piece), 100)
      response.on('close', () => clearInterval(timer))
    }
  const row = await startFalsePeer(drip('{"id":"', 'x'))
  const quiet = await startFalsePeer(drip(`${ROW}\n`, '\n'))
  t.teardown(() => [row, quiet].forEach(peer => peer.close()))
  const job = { target: 'to', continuous: true, retries_per_request: 0, connection_timeout: 1000 }
  for (const { url } of [row, quiet]) await replicate(server.url, { ...job, source: url })
  const state = async (source: string) => {
    const { body } = await call<{ jobs: { source: string; info: object }[] }>(
      server.url,
      'GET',
      '/_scheduler/jobs',
    )
    return JSON.stringify(body.jobs.find(listed => listed.source === `${source}/`)?.info ?? null)
  }
  await eventually('the row is given up', async () => /timeout: .*stalled/.test(await state(row.url)))
  await sleep(1500)
  t.regex(await state(quiet.url), /docs_read/)
  for (const { url } of [row, quiet]) await replicate(server.url, { ...job, source: url, cancel: true })
})

test.serial('a cancelled job leaves its source, whatever it is reading', async t => {
  const peer = await startFalsePeer(
    at('_changes', response => endless(response, '{"results":[', `${ROW},`.repeat(500))),
  )
  t.teardown(() => peer.close())
  const job = { source: peer.url, target: 'to', continuous: true }
  const { body } = await call(server.url, 'POST', '/_replicate', { json: job })
  await eventually('it reads', () => peer.connections > 0)
  t.is(
    (
      await call(server.url, 'POST', '/_replicate', {
        json: { replication_id: body._local_id, cancel: true },
      })
    ).status,
    200,
  )
  await eventually('it is left', () => peer.connections <= 1)
})

test.serial(
  'a million rows on one line, and a hundred thousand in one chunk, are taken in pieces',
  async t => {
    const rows = Array.from({ length: 20_000 }, (_, n) =>
      JSON.stringify({ seq: n + 1, id: `r${n}`, changes: [] }),
    )
    const peer = await startFalsePeer(at('_changes', response => sendJson(response, 200, 0)))
    peer.close()
    const line = await startFalsePeer((request, response) => {
      if (!/_changes/.test(request.url ?? '')) return false
      if (/limit=0/.test(request.url ?? ''))
        return (sendJson(response, 200, { results: [], pending: 0 }), true)
      response.writeHead(200, JSON_TYPE)
      response.end(`{"results":[${rows.join(',')}],"last_seq":"20000"}`)
    })
    t.teardown(() => line.close())
    t.true((await replicate(server.url, { source: line.url, target: 'to' })).ok)
  },
)

test.serial('what was not asked for is not written, and not asked for again in vain', async t => {
  const rev = '1-967a00dff5e02add41819138abb3284d'
  const peer = await startFalsePeer((request, response) => {
    const url = request.url ?? ''
    if (/_bulk_get/.test(url)) {
      const docs = [
        { ok: { _id: '_design/evil', _rev: rev, rewrites: 1 } },
        { ok: { _id: 'other', _rev: rev } },
      ]
      sendJson(response, 200, { results: [{ id: 'a', docs }] })
    } else if (/^\/db\/a\?/.test(url)) sendJson(response, 200, [{ ok: { _id: 'a', _rev: rev } }])
    else return false
  })
  t.teardown(() => peer.close())
  await call(server.url, 'PUT', '/unasked')
  const { ok, history } = await replicate(server.url, { source: peer.url, target: 'unasked' })
  t.true(ok)
  t.like(history?.[0], { docs_written: 1, doc_write_failures: 2 })
  t.is((await call(server.url, 'GET', '/unasked/a')).status, 200)
  for (const id of ['other', '_design/evil'])
    t.is((await call(server.url, 'GET', `/unasked/${id}`)).status, 404)
})

test.serial('a target cannot have more fetched of the source than the job is for', async t => {
  await call(server.url, 'PUT', '/from/secret', { json: {} })
  const peer = await startFalsePeer((request, response, body) => {
    if (!/_revs_diff/.test(request.url ?? '')) return false
    const asked = JSON.parse(body) as Record<string, string[]>
    sendJson(response, 200, {
      ...asked,
      secret: { missing: Object.values(asked)[0] },
      a: { missing: ['1-967a00dff5e02add41819138abb3284d', '2-x'] },
    })
  })
  t.teardown(() => peer.close())
  const answer = await replicate(server.url, { source: 'from', target: peer.url, doc_ids: ['a'] })
  t.notRegex(JSON.stringify(peer.requests), /secret/, JSON.stringify(answer))
})

test.serial('one document that cannot be written does not stop the others', async t => {
  const good = '1-967a00dff5e02add41819138abb3284d'
  const docs: Record<string, object> = {
    a: { _id: 'a', _rev: good },
    b: { _id: 'b', _rev: good, _revisions: { start: -5, ids: ['x'] } },
    c: { _id: 'c', _rev: good, _bad: 1 },
    d: { _id: 'd', _rev: good, _attachments: null },
    e: { _id: 'e', _rev: good, text: 'x'.repeat(100_000) },
  }
  const feed = [...Object.keys(docs), '_local/x', '_odd', ''].map((id, n) => ({
    seq: n + 1,
    id,
    changes: [{ rev: good }],
  }))
  const peer = await startFalsePeer((request, response) => {
    const url = request.url ?? ''
    if (/_changes/.test(url))
      sendJson(response, 200, {
        results: [...feed, { seq: 9, id: 'f', changes: [{ rev: 'none' }] }],
        last_seq: 9,
        pending: 0,
      })
    else if (/_bulk_get/.test(url))
      sendJson(response, 200, { results: Object.entries(docs).map(([id, ok]) => ({ id, docs: [{ ok }] })) })
    else return false
  })
  const small = await startServer({
    settings: [{ section: 'couchdb', key: 'max_document_size', value: '50000' }],
  })
  t.teardown(async () => {
    peer.close()
    await small.close()
  })
  await call(small.url, 'PUT', '/to')
  for (const target of ['to', `${small.url.replace('127.0.0.1', 'localhost')}/to`]) {
    await call(small.url, 'DELETE', '/to')
    await call(small.url, 'PUT', '/to')
    const answer = await replicate(small.url, { source: peer.url, target })
    t.true(answer.ok, JSON.stringify(answer))
    t.is((await call(small.url, 'GET', '/to/a')).status, 200)
    t.is((await call(small.url, 'GET', '/to/e')).status, 404)
    for (const id of ['c', 'd']) t.is((await call(small.url, 'GET', `/to/${id}`)).status, 404)
  }
})

test.serial('a job that is cancelled lets go of a part without an end, an attachment too', async t => {
  const rev = '1-967a00dff5e02add41819138abb3284d'
  const document = JSON.stringify({
    _id: 'a',
    _rev: rev,
    _attachments: {
      f: { follows: true, content_type: 'text/plain', length: 2 ** 30, revpos: 1, digest: 'md5-x' },
    },
  })
  // Other tests replicate the document into their database.
  await call(server.url, 'PUT', '/cancelled')
  const begin = `--b\r\ncontent-type: multipart/related; boundary="c"\r\n\r\n--c\r\ncontent-type: application/json\r\n\r\n${document}\r\n--c\r\n\r\n`
  for (const [what, first, piece] of [
    ['part', PART, 'x'],
    ['attachment', begin, 'y'],
  ] as const) {
    let isAsked = false
    const peer = await startFalsePeer(
      atDocument(response => {
        isAsked = true
        response.writeHead(200, MULTIPART)
        response.write(first)
        // So slowly that no bound ends it.
        const timer = setInterval(() => response.write(piece), 20)
        response.once('close', () => clearInterval(timer))
      }),
    )
    t.teardown(() => peer.close())
    const job = { source: peer.url, target: 'cancelled' }
    const running = call(server.url, 'POST', '/_replicate', { json: job })
    await eventually(`the ${what} is asked for`, () => isAsked)
    t.is((await call(server.url, 'POST', '/_replicate', { json: { ...job, cancel: true } })).status, 200)
    t.is((await running).status, 500)
    await eventually(`the connection of the ${what} is closed`, () => peer.connections === 0)
  }
})

// Half a minute's worth of a loop, and gigabytes, for answers within all bounds of bytes.
test.serial('an answer of more values than any peer has is given up before they are made', async t => {
  const many = `{"_id":"_local/x","source_last_seq":1,"history":[${'{},'.repeat(300_000)}{}]}`
  const deep = `{"_id":"_local/x","history":${'['.repeat(600_000)}${']'.repeat(600_000)}}`
  for (const [body, reason] of [
    [many, /was answered with more than 1048576 bytes|more than 100000 values/],
    [deep, /was answered with more than 1048576 bytes|more than 100000 values/],
    [`{"history":[${'1,'.repeat(150_000)}1]}`, /was answered with JSON of more than 100000 values/],
  ] as const) {
    const peer = await startFalsePeer((request, response) => {
      if (request.url?.includes('_local') !== true) return false
      response.writeHead(200, JSON_TYPE).end(body)
      return true
    })
    t.teardown(() => peer.close())
    const job = { source: peer.url, target: 'to', retries_per_request: 0 }
    t.regex(String((await replicate(server.url, job)).reason), reason)
  }
  t.is((await call(server.url, 'GET', '/_up')).status, 200)
})
