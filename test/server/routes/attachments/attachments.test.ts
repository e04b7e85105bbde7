import { gunzipSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { NestedMultipartParser } from '../../../helpers/nested-multipart.ts'
import { boundaryOf } from '../../../../protocol/multipart/content-type.ts'
import { call } from '../../../helpers/http.ts'
import { open, fetchBytes, LARGE } from './attachments-world.ts'

test('several ranges come as parts, ranges that cannot be are refused, and long suffixes are cut', async t => {
  const { server } = await open(t)
  await fetchBytes(server, 'PUT', '/db/d/f', { 'content-type': 'text/x' }, Buffer.from('ignored, compressed'))
  await fetchBytes(server, 'PUT', '/db/e/f', { 'content-type': 'image/x' }, Buffer.from('0123456789'))
  const get = (range: string) => fetchBytes(server, 'GET', '/db/e/f', { range })

  const several = await get('bytes=0-1,-2')
  t.is(several.status, 206)
  const boundary = boundaryOf(String(several.headers['content-type']))!
  t.true(String(several.headers['content-type']).startsWith('multipart/byteranges'))
  const events = new NestedMultipartParser(boundary).push(several.body)
  t.deepEqual(
    events.flatMap(event => (event.kind === 'headers' ? [event.headers.get('content-range')] : [])),
    ['bytes 0-1/10', 'bytes 8-9/10'],
  )
  t.deepEqual(
    events.flatMap(event => (event.kind === 'body' ? [event.bytes.toString()] : [])),
    ['01', '89'],
  )
  for (const range of ['bytes=5-2', 'bytes=10-', 'bytes=20-30', 'bytes=-0']) {
    const refused = await get(range)
    t.is(refused.status, 416, range)
    t.like(JSON.parse(refused.body.toString()), { error: 'requested_range_not_satisfiable' })
  }
  const suffix = await get('bytes=-1000')
  t.is(suffix.headers['content-range'], 'bytes 0-9/10')
  for (const range of ['bytes=x', 'lines=1-2', 'bytes=', `bytes=${'1-2,'.repeat(10)}`]) {
    const whole = await get(range)
    t.is(whole.status, 200, range)
    t.is(whole.body.toString(), '0123456789')
  }
})

test('who refuses an attachment as it is and compressed gets none', async t => {
  const { url } = await open(t)
  await call(url, 'PUT', '/db/doc/a.txt', { raw: 'a'.repeat(100), headers: { 'content-type': 'text/plain' } })
  const get = (encodings: string) =>
    call(url, 'GET', '/db/doc/a.txt', { headers: { 'accept-encoding': encodings } })
  const refused = await get('deflate, *;q=0')
  t.is(refused.status, 406)
  t.deepEqual(refused.body, { error: 'not_acceptable', reason: 'unsupported encoding' })
  t.is((await get('identity;q=0')).status, 406)
  t.is((await get('gzip, *;q=0')).headers['content-encoding'], 'gzip')
  t.is((await get('deflate')).status, 200)
})

test('whatever the name, an attachment is found under it', async t => {
  const { server } = await open(t)
  const name = fc
    .array(fc.constantFrom('a', '/', ' ', '+', '%', '"', '?', '#', 'é', '€', '𝒜', '\u0000', '\r\n', '..'), {
      minLength: 1,
      maxLength: 6,
    })
    .map(pieces => `n${pieces.join('')}`)
    .filter(name => !name.includes('//') && !name.endsWith('/'))
  let count = 0
  const property = fc.asyncProperty(name, async name => {
    const id = `d${count++}`
    const path = `/db/${id}/${encodeURIComponent(name)}`
    const put = await fetchBytes(server, 'PUT', path, { 'content-type': 'x/y' }, Buffer.from(name))
    t.is(put.status, 201)
    t.is((await fetchBytes(server, 'GET', path)).body.toString(), name)
    const { body } = await call<{ _attachments: Record<string, unknown> }>(server, 'GET', `/db/${id}`)
    t.deepEqual(Object.keys(body._attachments), [name])
    const parts = await fetchBytes(server, 'GET', `/db/${id}?attachments=true`, {
      accept: 'multipart/related',
    })
    t.is(parts.body.length, Number(parts.headers['content-length']))
  })
  await fc.assert(property, { numRuns: 60, seed: 5 })
})

test('stored text that is too long for a header breaks no answer', async t => {
  const { server } = await open(t)
  const long = 'x'.repeat(100_000)
  const attachment = { content_type: `text/${long}`, data: 'aGVsbG8=' }
  const json = { _attachments: { a: attachment, [long]: attachment }, new: true }
  const written = await call<{ rev: string }>(server, 'PUT', '/db/d', { json })
  t.is(written.status, 201)
  for (const [headers, status] of [
    [{}, 200],
    [{ range: 'bytes=0-1' }, 206],
  ] as const) {
    const read = await fetchBytes(server, 'GET', '/db/d/a', headers)
    t.is(read.headers['content-type'], 'application/octet-stream')
    t.true([200, status].includes(read.status))
  }
  const parts = await fetchBytes(server, 'GET', '/db/d?attachments=true', { accept: 'multipart/related' })
  const boundary = boundaryOf(String(parts.headers['content-type']))!
  const events = new NestedMultipartParser(boundary).push(parts.body)
  const names = events.flatMap(event =>
    event.kind === 'headers' ? [event.headers.get('content-disposition')?.length ?? 0] : [],
  )
  t.true(names.length === 3 && Math.max(...names) < 5000)
  // The document has it all.
  const found = await call<{ _attachments: Record<string, { content_type: string }> }>(server, 'GET', '/db/d')
  t.is(found.body._attachments[long]?.content_type, attachment.content_type)

  const rev = `1-${long}`
  const docs = [{ _id: 'peer', _rev: rev }]
  t.is((await call(server, 'POST', '/db/_bulk_docs', { json: { docs, new_edits: false } })).status, 201)
  const peer = await fetchBytes(server, 'GET', '/db/peer')
  t.like(JSON.parse(peer.body.toString()), { _rev: rev })
  const etag = String(peer.headers['etag'])
  t.is((await fetchBytes(server, 'GET', '/db/peer', { 'if-none-match': etag })).status, 304)

  const made = await call(server, 'POST', '/db', { json: { _id: long } })
  t.is(made.status, 201)
  t.is(made.headers['location'], undefined)
})

test('design documents have attachments', async t => {
  const { server } = await open(t)
  await fetchBytes(
    server,
    'PUT',
    '/db/_design/d/dir/index.html',
    { 'content-type': 'text/html' },
    Buffer.from('<p>'),
  )
  const { body, headers } = await fetchBytes(server, 'GET', '/db/_design/d/dir/index.html')
  t.is(body.toString(), '<p>')
  t.is(headers['content-type'], 'text/html')
})

test('a document with its attachments goes to another database as it is, in one request each way', async t => {
  const { server } = await open(t)
  await call(server, 'PUT', '/other')
  const text = 'compressible '.repeat(5000)
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [
      `small${n}`,
      { content_type: 'x/y', data: Buffer.from(`${n}`).toString('base64') },
    ]),
  )
  const attachments = {
    'large.bin': { content_type: 'x/y', data: LARGE.toString('base64') },
    'text.txt': { content_type: 'text/plain', data: Buffer.from(text).toString('base64') },
    ...many,
  }
  const written = await call<{ rev: string }>(server, 'PUT', '/db/d', { json: { _attachments: attachments } })

  const asked = { accept: 'multipart/related' }
  const read = await fetchBytes(server, 'GET', '/db/d?attachments=true&revs=true', asked)
  const headers = { 'content-type': String(read.headers['content-type']), accept: 'application/json' }
  const copied = await fetchBytes(server, 'PUT', '/other/d?new_edits=false', headers, read.body)
  t.is(copied.status, 201)

  const query = '?att_encoding_info=true&revs=true'
  const [original, copy] = await Promise.all([
    call(server, 'GET', `/db/d${query}`),
    call(server, 'GET', `/other/d${query}`),
  ])
  t.deepEqual(copy.body, original.body)
  t.is(copy.body._rev, written.body.rev)
  t.deepEqual((await fetchBytes(server, 'GET', '/other/d/large.bin')).body, LARGE)
  const encoded = await fetchBytes(server, 'GET', '/other/d/text.txt', { 'accept-encoding': 'gzip' })
  t.is(gunzipSync(encoded.body).toString(), text)
})
