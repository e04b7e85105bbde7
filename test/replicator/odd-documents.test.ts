import { createHash } from 'node:crypto'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { call } from '../helpers/http.ts'
import { converged, replicate } from '../helpers/replication.ts'
import { startServer, type RunningServer } from '../helpers/server.ts'

let near: RunningServer
let far: RunningServer

test.before(async () => {
  ;[near, far] = await Promise.all([startServer(), startServer()])
})

test.after.always(() => Promise.all([near.close(), far.close()]))

const WAYS = ['pull', 'push', 'within'] as const

/** Replicates a database of `near` in each way, and gives the URL of each copy. */
async function copies(t: ExecutionContext, name: string): Promise<string[]> {
  const urls: string[] = []
  for (const way of WAYS) {
    const copy = `${name}-${way}`
    const [node, other] = way === 'pull' ? [far, near] : way === 'push' ? [near, far] : [near, near]
    const job =
      way === 'pull'
        ? { source: `${other.url}/${name}`, target: copy, create_target: true }
        : { source: name, target: way === 'push' ? `${other.url}/${copy}` : copy, create_target: true }
    const answer = await replicate(node.url, job)
    t.true(answer.ok, `${way}: ${answer.reason}`)
    t.is(answer.history?.[0]?.doc_write_failures, 0, way)
    const at = way === 'within' ? near : far
    await converged(near.url, at.url, name, copy)
    urls.push(`${at.url}/${copy}`)
  }
  return urls
}

function split(url: string): [base: string, path: string] {
  const at = url.lastIndexOf('/')
  return [url.slice(0, at), url.slice(at)]
}

const WITH_DATA = { method: 'POST', query: '/_all_docs?include_docs=true&attachments=true' } as const

/** Every document with its attachments, by one request, as ids may be too long for paths. */
async function documents(url: string): Promise<unknown> {
  const [base, path] = split(url)
  return (await call<{ rows: unknown }>(base, 'GET', path + WITH_DATA.query)).body.rows
}

async function bulk(name: string, docs: readonly object[], newEdits: boolean): Promise<unknown> {
  await call(near.url, 'PUT', `/${name}`)
  const json = { docs, new_edits: newEdits }
  const { status, body } = await call(near.url, 'POST', `/${name}/_bulk_docs`, { json })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body
}

const IDS = [
  '\u0001\u0002\u001f\u007f\u0085',
  'null\u0000byte',
  'line\nfeed\r\nreturn',
  'tab\t and space ',
  'slash/in/it',
  '/',
  '%2F%00%zz%',
  '+plus&and=equals?question#hash',
  '.',
  '..',
  '../../_config',
  '"quotes\'and`\\backslash',
  'é\u0301 \u2028 \ufeff \ufffe \uffff',
  '\u{1f600}\u{10ffff}',
  'x'.repeat(7000),
  '\u00e9'.repeat(3000),
  'constructor',
]

const attached = (text: string): object => ({
  a: { content_type: 'text/plain', data: Buffer.from(text).toString('base64') },
})

test('documents of any id arrive, with attachments and without', async t => {
  const docs = IDS.flatMap((id, n) => [
    { _id: id, n },
    { _id: `${id} attached`, n, _attachments: attached(`of ${n}`) },
    { _id: `_design/${id}`, n },
  ])
  const written = (await bulk('ids', docs, true)) as { ok?: boolean }[]
  t.true(written.every(({ ok }) => ok === true))
  const expected = await documents(`${near.url}/ids`)
  for (const copy of await copies(t, 'ids')) t.deepEqual(await documents(copy), expected, copy)
})

test('an id that is no Unicode is refused, and nothing else', async t => {
  await call(near.url, 'PUT', '/unicode')
  const headers = { 'content-type': 'application/json' }
  for (const raw of ['{"_id":"\\ud800"}', '{"_id":"a\\udc00b"}', '{"docs":[{"_id":"\\ud800"}]}']) {
    const path = raw.includes('docs') ? '/unicode/_bulk_docs' : '/unicode'
    t.is((await call(near.url, 'POST', path, { raw, headers })).status, 400, raw)
  }
  t.is((await call(near.url, 'PUT', '/unicode/%ED%A0%80', { json: {} })).status, 400)
  t.is((await call(near.url, 'PUT', '/unicode/good', { json: {} })).status, 201)
})

const NAMES = [
  'n'.repeat(1024 * 1024),
  '\u00e9"\r\n'.repeat(30_000),
  'line\r\nContent-Type: text/html\r\n\r\n--',
  'quote"and;semicolon=',
  '\u0000\u0001\u007f',
  'slash/in it',
  '\u{1f600}',
  'constructor',
  ' ',
]

test('attachments of any name arrive, a megabyte of it too', async t => {
  const docs = NAMES.map((name, n) => ({
    _id: `d${n}`,
    _attachments: {
      before: { content_type: 'text/plain', data: 'YQ==' },
      [name]: { content_type: `odd/type\r\nX: ${n}`, data: Buffer.from(`of ${n}`).toString('base64') },
    },
  }))
  const written = (await bulk('names', docs, true)) as { ok?: boolean }[]
  t.true(written.every(({ ok }) => ok === true))
  const expected = await documents(`${near.url}/names`)
  for (const copy of await copies(t, 'names')) t.deepEqual(await documents(copy), expected, copy)
})

const hash = (text: string): string => createHash('md5').update(text).digest('hex')

test('attachments of any revpos arrive', async t => {
  const places = [0, -1, 1, 2, 3, 99, 2 ** 31, 2 ** 53 - 1, -(2 ** 31), undefined, 1.5, '2', null]
  const docs = places.map((revpos, n) => ({
    _id: `d${n}`,
    _revisions: { start: 2, ids: [hash(`2 ${n}`), hash(`1 ${n}`)] },
    _attachments: {
      a: { ...(revpos === undefined ? {} : { revpos }), content_type: 'text/plain', data: 'YQ==' },
    },
  }))
  t.deepEqual(await bulk('revpos', docs, false), [])
  for (const [n] of places.entries()) {
    const { body } = await call<{ _rev: string; _attachments: object }>(near.url, 'GET', `/revpos/d${n}`)
    // An edit that keeps the attachment as it is.
    const edited = await call(near.url, 'PUT', `/revpos/d${n}`, { json: { ...body, edited: true } })
    t.is(edited.status, 201, `${places[n]}: ${JSON.stringify(edited.body)}`)
  }
  const expected = await documents(`${near.url}/revpos`)
  for (const copy of await copies(t, 'revpos')) {
    t.deepEqual(await documents(copy), expected, copy)
    const [base, path] = split(copy)
    for (const [n] of places.entries()) t.is((await call(base, 'GET', `${path}/d${n}/a`)).body, 'a' as never)
  }
})

test('a document whose id fits into no URL is listed where it has to travel alone, and the others arrive', async t => {
  const [long, other] = ['l'.repeat(70_000), 'm'.repeat(70_000)]
  await bulk('long', [{ _id: long }, { _id: other, _attachments: attached('x') }, { _id: 'z' }], true)
  for (const job of [
    { source: 'long', target: `${far.url}/long-pushed`, create_target: true },
    { source: `${near.url}/long`, target: `${far.url}/long-pulled`, create_target: true },
  ]) {
    const answer = await replicate(near.url, job)
    t.true(answer.ok, answer.reason?.slice(0, 200))
    t.is(answer.history?.[0]?.doc_write_failures, 1)
    const [base, path] = split(job.target)
    const listed = await call<{ rows: { id: string }[] }>(base, 'GET', `${path}/_all_docs`)
    t.deepEqual(
      listed.body.rows.map(({ id }) => id),
      [long, 'z'],
    )
  }
})
