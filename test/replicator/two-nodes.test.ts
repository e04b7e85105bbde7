import test from 'ava'
import { slowLink } from '../../harness/slow-link.ts'
import { call } from '../helpers/http.ts'
import { converged, fill, leavesOf, replicate } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'

let a: RunningServer
let b: RunningServer

test.before(async () => {
  ;[a, b] = await Promise.all([startServer(), startServer()])
})

test.after.always(() => Promise.all([a.close(), b.close()]))

for (const way of ['pull', 'push'] as const) {
  test(`a ${way} moves every leaf, and running it again reads nothing`, async t => {
    const name = `once-${way}`
    await fill(a.url, name, 300)
    const job = { source: `${a.url}/${name}`, target: `${b.url}/${name}`, create_target: true }
    const node = way === 'pull' ? b : a
    const first = await replicate(node.url, job)
    t.true(first.ok, JSON.stringify(first))
    t.is(first.history?.[0]?.doc_write_failures, 0)
    t.deepEqual(await leavesOf(b.url, name), await leavesOf(a.url, name))
    const again = await replicate(node.url, job)
    t.true(again.no_changes)
    t.is(again.history?.length, 1)
  })

  test(`attachments arrive byte for byte by ${way}`, async t => {
    const name = `attached-${way}`
    const data = Buffer.from(Array.from({ length: 3_000_000 }, (_, n) => (n * 7) % 251))
    await call(a.url, 'PUT', `/${name}`)
    await call(a.url, 'PUT', `/${name}/d/big.bin`, {
      raw: data,
      headers: { 'content-type': 'application/x' },
    })
    const job = { source: `${a.url}/${name}`, target: `${b.url}/${name}`, create_target: true }
    t.true((await replicate((way === 'pull' ? b : a).url, job)).ok)
    const authorization = `Basic ${Buffer.from(new URL(b.url).username + ':' + new URL(b.url).password).toString('base64')}`
    const answer = await fetch(`${new URL(b.url).origin}/${name}/d/big.bin`, { headers: { authorization } })
    t.is(Buffer.compare(Buffer.from(await answer.arrayBuffer()), data), 0)
  })
}

test('number text and Unicode survive the way over the wire', async t => {
  await call(a.url, 'PUT', '/text')
  const body = '{"int":12345678901234567890,"float":1.0,"exp":1e21,"2":"two","1":"one","s":"\\u0000é😀"}'
  await call(a.url, 'PUT', '/text/d', { raw: body, headers: { 'content-type': 'application/json' } })
  await replicate(b.url, { source: `${a.url}/text`, target: `${b.url}/text`, create_target: true })
  const [ours, theirs] = await Promise.all(
    [a, b].map(({ url }) => call<string>(url, 'GET', '/text/d?revs=true')),
  )
  t.deepEqual(theirs?.body, ours?.body)
  t.regex(await text(b.url, '/text/d'), /"int":12345678901234567890,"float":1.0/)
})

async function text(base: string, path: string): Promise<string> {
  const { origin, username, password } = new URL(base)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return (await fetch(origin + path, { headers: { authorization } })).text()
}

test('continuous jobs both ways bring two nodes that are written to to the same leaves', async t => {
  const name = 'both'
  await Promise.all([a, b].map(({ url }) => call(url, 'PUT', `/${name}`)))
  const jobs = [
    { source: `${a.url}/${name}`, target: `${b.url}/${name}`, continuous: true },
    { source: `${b.url}/${name}`, target: `${a.url}/${name}`, continuous: true },
  ]
  for (const job of jobs) t.true((await replicate(a.url, job)).ok)
  const write = (url: string, side: string, n: number): Promise<unknown> =>
    call(url, 'PUT', `/${name}/doc-${n % 20}`, { json: { side, n } })
  for (let n = 0; n < 60; n++) await Promise.all([write(a.url, 'a', n), write(b.url, 'b', n)])
  await converged(a.url, b.url, name)
  for (const job of jobs) t.true((await replicate(a.url, { ...job, cancel: true })).ok)
})

test('one job does not wait for another that moves much', async t => {
  await fill(a.url, 'small', 5)
  const job = { source: 'small', target: `${b.url}/small`, create_target: true }
  const answers = await Promise.all([
    replicate(a.url, job),
    replicate(a.url, { ...job, target: `${b.url}/small2` }),
  ])
  for (const { ok } of answers) t.true(ok)
})

for (const way of ['pull', 'push'] as const) {
  test(`what travels far is compressed, and arrives as it was (${way})`, async t => {
    const name = `far-${way}`
    await fill(a.url, name, 10)
    const docs = Array.from({ length: 2000 }, (_, n) => ({
      _id: `long-${n}`,
      text: 'the same '.repeat(40),
      n,
    }))
    await call(a.url, 'POST', `/${name}/_bulk_docs`, { json: { docs } })
    const link = await slowLink(way === 'pull' ? a.url : b.url, 1_000_000_000, 60)
    try {
      const [near, source, target] =
        way === 'pull' ? [b, `${link.url}/${name}`, name] : [a, name, `${link.url}/${name}`]
      t.true((await replicate(near.url, { source, target, create_target: true })).ok)
      t.deepEqual(await leavesOf(b.url, name), await leavesOf(a.url, name))
      t.is((await call(b.url, 'GET', `/${name}/long-1999`)).body.n, 1999)
      t.true(way === 'pull' ? link.received < 400_000 : link.sent < 400_000)
    } finally {
      link.close()
    }
  })
}
