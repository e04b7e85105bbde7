import test from 'ava'
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { eventually } from '../../helpers/eventually.ts'
import { ContinuousFeed } from '../../helpers/feed.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const KIBIBYTE = 'x'.repeat(1024)

async function openFeeds(url: string): Promise<number> {
  const path = '/_node/_local/_stats/couchdb/httpd/clients_requesting_changes'
  return (await call<{ value: number }>(url, 'GET', path)).body.value
}

function memoryHeld(): number {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

async function bulk(url: string, database: string, docs: readonly object[]): Promise<void> {
  await call(url, 'POST', `/${database}/_bulk_docs`, { json: { docs } })
}

test.serial(
  'P6: a reader that stops reading holds little memory, and misses nothing when it goes on',
  async t => {
    const { url, close } = await startServer()
    try {
      await call(url, 'PUT', '/slow')
      const feed = await ContinuousFeed.open(
        url,
        '/slow/_changes?feed=continuous&include_docs=true&heartbeat=60000',
      )
      feed.pause()
      const before = memoryHeld()
      const batches = 40
      for (let batch = 0; batch < batches; batch++) {
        const docs = Array.from({ length: 50 }, (_, n) => ({
          _id: `${batch}-${n}`,
          text: KIBIBYTE.repeat(20),
        }))
        await bulk(url, 'slow', docs)
      }
      // 40 MB were written.
      await eventually('little is held', () => memoryHeld() - before < 8 * 1024 * 1024)

      feed.resume()
      const rows = await feed.untilRows(batches * 50)
      t.is(new Set(rows.map(({ id }) => id)).size, batches * 50)
      await bulk(url, 'slow', [{ _id: 'live again' }])
      t.is((await feed.untilRows(batches * 50 + 1)).at(-1)?.id, 'live again')
      feed.close()
    } finally {
      await close()
    }
  },
)

test.serial('feeds are freed as soon as their readers leave', async t => {
  const { url, close } = await startServer({ memory: true })
  try {
    await call(url, 'PUT', '/leaving')
    const kinds = ['continuous', 'eventsource', 'longpoll']
    const feeds = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const path = `/leaving/_changes?feed=${kinds[n % 3]}&since=now&heartbeat=60000`
        return ContinuousFeed.open(url, path)
      }),
    )
    t.is(await openFeeds(url), 60)
    for (const feed of feeds) feed.close()
    await eventually('no feed is open', async () => (await openFeeds(url)) === 0)
    await bulk(url, 'leaving', [{ _id: 'one' }])
    t.is(await openFeeds(url), 0)
  } finally {
    await close()
  }
})

test.serial('a filter that throws or runs forever ends its own feed, with an error', async t => {
  const { url, close } = await startServer({
    memory: true,
    settings: [{ section: 'couchdb', key: 'os_process_timeout', value: '3000' }],
  })
  try {
    await call(url, 'PUT', '/filtered')
    const filters = {
      throws: 'function (doc) { if (doc.bad) throw new Error("no"); return true }',
      loops: 'function (doc) { while (doc.bad) {} return true }',
      good: 'function (doc) { return doc._id[0] !== "_" }',
    }
    await bulk(url, 'filtered', [{ _id: '_design/f', filters }])
    const open = (filter: string) =>
      ContinuousFeed.open(
        url,
        `/filtered/_changes?feed=continuous&filter=f/${filter}&heartbeat=60000&since=now`,
      )
    const [throwing, looping, good] = await Promise.all([open('throws'), open('loops'), open('good')])
    await bulk(url, 'filtered', [{ _id: 'a' }])
    await Promise.all([throwing, looping, good].map(feed => feed.untilRows(1)))
    await bulk(url, 'filtered', [{ _id: 'b', bad: true }])
    await eventually('the bad feeds have ended', () =>
      [throwing, looping].every(feed => feed.lines.some(line => line.startsWith('{"error"'))),
    )
    await bulk(url, 'filtered', [{ _id: 'c' }])
    const rows = await good.untilRows(3)
    t.deepEqual(
      rows.map(({ id }) => id),
      ['a', 'b', 'c'],
    )
    t.deepEqual(
      throwing.rows.map(({ id }) => id),
      ['a'],
    )
    t.deepEqual(
      looping.rows.map(({ id }) => id),
      ['a'],
    )
    for (const feed of [throwing, looping, good]) feed.close()
  } finally {
    await close()
  }
})

test.serial('a filter that passes nothing still moves on', async t => {
  const { url, close } = await startServer({ memory: true })
  try {
    await call(url, 'PUT', '/none')
    await bulk(
      url,
      'none',
      Array.from({ length: 20 }, (_, n) => ({ _id: `d${n}` })),
    )
    const path = '/none/_changes?filter=_selector&feed=longpoll&timeout=100'
    const answer = await call<{ results: unknown[]; last_seq: string }>(url, 'POST', path, {
      json: { selector: { nothing: 'has this' } },
    })
    t.deepEqual(answer.body.results, [])
    t.regex(answer.body.last_seq, /^20-/)
  } finally {
    await close()
  }
})

test.serial('a limit is kept to across what was there and what comes', async t => {
  const { url, close } = await startServer({ memory: true })
  try {
    await call(url, 'PUT', '/limited')
    await bulk(url, 'limited', [{ _id: 'a' }, { _id: 'b' }])
    const feed = await ContinuousFeed.open(url, '/limited/_changes?feed=continuous&limit=4&heartbeat=60000')
    await feed.untilRows(2)
    await bulk(url, 'limited', [{ _id: 'c' }, { _id: 'd' }, { _id: 'e' }])
    await eventually('the feed ended', () => feed.lines.some(line => line.includes('last_seq')))
    t.deepEqual(
      feed.rows.map(({ id }) => id),
      ['a', 'b', 'c', 'd'],
    )
    t.regex(feed.lines.at(-1) ?? '', /^\{"last_seq":"4-[\w-]+","pending":1\}$/)
  } finally {
    await close()
  }
})
