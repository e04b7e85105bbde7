import test from 'ava'
import { compileSelector } from '../../../protocol/selector/selector.ts'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

const HOSTILE = '^(a*)*b'
const LONG = 'a'.repeat(300_000)
const many = (count: number) => ({
  $or: Array.from({ length: count }, (_, at) => ({ text: { $regex: `^(a*)*b${at}` } })),
})
const tooMany = { error: 'bad_request', reason: 'The `$regex` patterns of the selector take too many steps.' }

async function makeDocuments(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const docs = Array.from({ length: 5 }, (_, at) => ({ _id: `d${at}`, text: LONG }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs: [...docs, { _id: 'short', text: 'aaab' }] } })
}

/** Asks for the welcome until the work is done; the longest time that it took. */
async function longestWait(url: string, work: Promise<unknown>): Promise<number> {
  let longest = 0
  const state = { isDone: false }
  void work.finally(() => (state.isDone = true))
  while (!state.isDone) {
    const started = performance.now()
    await call(url, 'GET', '/')
    longest = Math.max(longest, performance.now() - started)
  }
  return longest
}

test('a match that takes long gives way to others, and is right', withServer, async (t, { url }) => {
  await makeDocuments(url)
  const json = { selector: { text: { $regex: HOSTILE } }, fields: ['_id'] }
  const work = call(url, 'POST', '/db/_find', { json })
  // In one go the matches take seconds.
  t.true((await longestWait(url, work)) < 1000)
  t.deepEqual((await work).body['docs'], [{ _id: 'short' }])
})

test('the patterns of a query share a budget', withServer, async (t, { url }) => {
  await makeDocuments(url)
  await call(url, 'PUT', '/_node/_local/_config/couchette/regex_step_limit', { raw: '"3000000"' })
  const work = call(url, 'POST', '/db/_find', { json: { selector: many(500) } })
  t.true((await longestWait(url, work)) < 1000)
  const answer = await work
  t.deepEqual([answer.status, answer.body], [400, tooMany])
  const feed = await call(url, 'POST', '/db/_changes?filter=_selector', { json: { selector: many(500) } })
  t.true(JSON.stringify(feed.body).includes('too many steps') || feed.status === 400)
})

test('an index with a costly filter is built, and gives way meanwhile', withServer, async (t, { url }) => {
  await makeDocuments(url)
  const index = { fields: ['text'], partial_filter_selector: { text: { $regex: HOSTILE } } }
  const made = await call(url, 'POST', '/db/_index', { json: { index, ddoc: 'i', name: 'i' } })
  t.is(made.status, 200)
  const json = { selector: { text: { $gt: null, $regex: HOSTILE } }, use_index: 'i', fields: ['_id'] }
  const work = call(url, 'POST', '/db/_find', { json })
  t.true((await longestWait(url, work)) < 1000)
  t.deepEqual((await work).body['docs'], [{ _id: 'short' }])
})

test('patterns that are too large together are refused', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const large = { $or: Array.from({ length: 100 }, () => ({ a: { $regex: '((x{1,90}){1,90})' } })) }
  const answer = await call(url, 'POST', '/db/_find', { json: { selector: large } })
  t.deepEqual([answer.status, answer.body['error']], [400, 'bad_request'])
})

test('a suspended verdict is the same as one in one go', t => {
  const { matches } = compileSelector({
    $or: [{ text: { $regex: `${HOSTILE}c` } }, { $and: [{ text: { $regex: HOSTILE } }, { n: 1 }] }],
  })
  let turns = 0
  const settle = (document: { text: string; n: number }): boolean => {
    let verdict = matches(document)
    while (typeof verdict !== 'boolean') {
      turns++
      verdict = verdict.resume()
    }
    return verdict
  }
  t.true(settle({ text: `${LONG}b`, n: 1 }))
  t.false(settle({ text: `${LONG}b`, n: 2 }))
  t.false(settle({ text: LONG, n: 1 }))
  t.true(turns > 5)
})
