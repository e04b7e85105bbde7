import { request } from 'undici'
import test from 'ava'
import { target } from '../../../harness/client.ts'
import { ADMIN, securedServer } from '../../helpers/secured-server.ts'

/** Filters on which the engine fails: that is an error of the feed, and never a feed without changes. */

const FUNCTIONS = {
  filters: {
    endless: 'function (doc, req) { return (function f() { return f() + 1 })() }',
    // Fails on one document alone.
    picky: 'function (doc) { return doc._id === "b" ? (function f() { return f() + 1 })() : true }',
    full: 'function () { var all = []; for (;;) all.push(new Array(10000).fill(1).join()) }',
  },
  views: { endless: { map: 'function (doc) { emit((function f() { return f() + 1 })()) }' } },
}

test('a filter on which the engine fails fails the feed, of each kind', async t => {
  const { admin, server } = await securedServer(t)
  await admin('PUT', '/db')
  await admin('PUT', '/db/_design/d', { json: FUNCTIONS })
  for (const id of ['a', 'b', 'c']) await admin('PUT', `/db/${id}`, { json: {} })
  for (const query of [
    'filter=d/endless',
    'filter=d/picky&include_docs=true&feed=longpoll',
    'filter=_view&view=d/endless',
    'filter=d/full',
  ]) {
    const { status, body } = await admin('GET', `/db/_changes?${query}`)
    t.deepEqual([status, body['error']], [500, 'InternalError'], query)
  }
  const { headers } = target(server.url.replace('://', `://${ADMIN}@`))
  for (const feed of ['continuous', 'eventsource']) {
    const response = await request(`${server.url}/db/_changes?feed=${feed}&filter=d/endless`, { headers })
    t.regex(await response.body.text(), /InternalError/, feed)
  }
})

test('a replication whose filter the engine fails on fails', async t => {
  const { admin } = await securedServer(t)
  for (const db of ['db', 'copy']) await admin('PUT', `/${db}`)
  await admin('PUT', '/db/_design/d', { json: FUNCTIONS })
  for (const id of ['a', 'b', 'c']) await admin('PUT', `/db/${id}`, { json: {} })
  for (const filter of ['d/endless']) {
    const json = { source: 'db', target: 'copy', filter, retries_per_request: 0 }
    const { status, body } = await admin('POST', '/_replicate', { json })
    t.is(status, 500, JSON.stringify(body))
  }
  t.like((await admin('GET', '/copy')).body, { doc_count: 0 })
})
