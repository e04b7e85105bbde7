import type { IncomingMessage } from 'node:http'
import test from 'ava'
import { isServedHere } from '../../../server/threads/front/served-here.ts'

const config = (algorithm = 'sequential') => ({ text: () => algorithm }) as never

function served(line: string, headers: Record<string, string> = {}, algorithm?: string): boolean {
  const [method, url] = line.split(' ')
  return isServedHere({ method, url, headers } as unknown as IncomingMessage, config(algorithm))
}

const HERE = [
  'GET /db/doc',
  'HEAD /db/doc',
  'GET /db/doc?rev=1-a&revs=true',
  'GET /db/part:doc',
  'GET /db/a%2Fb',
  'GET /db/%C3%A4+b',
  'PUT /db/%41%5f',
  'PUT /db/doc',
  'PUT /db/doc?new_edits=false',
  'DELETE /db/doc?rev=1-a',
  'GET /db/_all_docs?include_docs=true&limit=5',
  'GET /db/_changes?feed=continuous&since=now&heartbeat=1000',
  'POST /db/_bulk_docs',
]

for (const line of HERE) test(`${line} is served by front threads`, t => t.true(served(line)))

const FORWARDED = [
  'GET /',
  'GET /db',
  'PUT /db',
  'POST /db',
  'GET /_users/org.couchdb.user:a',
  'GET /db/_design/a',
  'GET /db/_local/a',
  'GET /db/%5Fdesign',
  'GET /db/%5fdesign%2Fa',
  'GET /db/a%2',
  'GET /db/a%GG',
  'GET /db/doc/attachment',
  'GET /db//doc',
  'GET /a%2Fb/doc',
  'GET /db/doc?attachments=true',
  'GET /db/doc?open_revs=all',
  'GET /db/doc?attachments%3Dtrue',
  'GET /db/doc?callback=f',
  'PUT /db/doc?batch=ok',
  'COPY /db/doc',
  'POST /db/_all_docs',
  'GET /db/_changes?filter=_design',
  'GET /db/_changes?Filter=_design',
  'GET /db/_changes?attachments=true',
  'GET /db/_changes?feed=longpoll&limit=0',
  'POST /db/_changes',
  'GET /db/_security',
  'POST /db/_find',
  'OPTIONS /db/doc',
]

for (const line of FORWARDED) test(`${line} is for the store thread`, t => t.false(served(line)))

test('requests between the threads, with a body or in parts are for the store thread', t => {
  t.false(served('GET /db/doc', { 'x-couchette-internal': 'a.b' }))
  t.false(served('GET /db/doc', { 'x-couchette-job': 'a' }))
  t.false(served('GET /db/doc', { 'content-length': '2' }))
  t.false(served('PUT /db/doc', { 'content-type': 'multipart/related;boundary=a' }))
  t.false(served('POST /db/_bulk_docs', { 'x-http-method-override': 'GET' }))
  t.false(served('POST /db/_bulk_docs', {}, 'utc_id'))
})
