import test from 'ava'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

/** A feed that is being read, and when each of its chunks came. */
class RawFeed {
  text = ''
  ended = false
  readonly times: number[] = []
  readonly #response: IncomingMessage

  static async open(url: string, path: string): Promise<RawFeed> {
    const [response] = (await once(get(new URL(path, url)), 'response')) as [IncomingMessage]
    return new RawFeed(response)
  }

  private constructor(response: IncomingMessage) {
    this.#response = response
    response.on('data', (chunk: Buffer) => {
      this.times.push(performance.now())
      this.text += chunk.toString()
    })
    response.on('end', () => (this.ended = true))
    response.on('error', () => undefined)
  }

  close(): void {
    this.#response.destroy()
  }
}

test('a feed that waits sends its first bytes at once', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  for (const [feed, first] of [
    ['longpoll', '{"results":[\n\n'],
    ['continuous', '\n'],
    ['eventsource', '\n'],
  ] as const) {
    for (const path of ['/db/_changes', '/_db_updates']) {
      const idle = await RawFeed.open(url, `${path}?feed=${feed}&since=now&timeout=60000`)
      await eventually('the first bytes', () => idle.text.length >= first.length)
      t.is(idle.text, first, `${feed} of ${path}`)
      idle.close()
    }
  }
})

test('rows that are there take the place of the first bytes', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/a', { json: {} })
  const feed = await RawFeed.open(url, '/db/_changes?feed=continuous&timeout=60000')
  await eventually('a row', () => feed.text.length > 10)
  t.regex(feed.text, /^\{"seq":[^\n]*\}\n$/)
  await call(url, 'PUT', '/db/b', { json: {} })
  await eventually('another row', () => feed.text.split('\n').length === 3)
  feed.close()
})

// CouchDB: fabric_view_changes:keep_sending_changes/8 ends a longpoll when its limit has become less.
test('no change ends a longpoll with limit 0, but its timeout does', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/a', { json: {} })
  const waiting = await RawFeed.open(url, '/db/_changes?feed=longpoll&limit=0&timeout=60000')
  const ending = await RawFeed.open(url, '/db/_changes?feed=longpoll&limit=0&since=now&timeout=300')
  await call(url, 'PUT', '/db/b', { json: {} })
  await eventually('the end', () => ending.ended)
  const { results, last_seq, pending } = JSON.parse(ending.text) as Record<string, unknown>
  t.deepEqual([results, String(last_seq).split('-')[0], pending], [[], '1', 1])
  t.false(waiting.ended)
  await call(url, 'DELETE', '/db')
  await eventually('the end of the other', () => waiting.ended)
  t.deepEqual((JSON.parse(waiting.text) as { results: [] }).results, [])
})

test('a longpoll with limit 0 and a heartbeat goes on', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const feed = await RawFeed.open(url, '/db/_changes?feed=longpoll&limit=0&heartbeat=20')
  await eventually('heartbeats', () => feed.times.length > 5)
  t.regex(feed.text, /^\{"results":\[\n+$/)
  feed.close()
})

// Under load every heartbeat may be late; most of what was asked for must be kept all the same.
// A busy machine makes every timer late: what plain timers of this process need beyond theirs is allowed for.
test('heartbeats come as often as they are asked for', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const plain: number[] = []
  const timer = setInterval(() => plain.push(performance.now()), 100)
  const feed = await RawFeed.open(url, '/db/_changes?feed=continuous&heartbeat=100')
  try {
    await eventually('heartbeats', () => feed.times.length >= 12 && plain.length >= 12)
    const best = lowerQuartile(gapsOf(feed.times.slice(1)))
    const late = Math.abs(lowerQuartile(gapsOf(plain)) - 100)
    t.true(best > 90 - 2 * late && best < 106 + 2 * late, `${best} ms; plain timers ${late} ms late`)
  } finally {
    clearInterval(timer)
    feed.close()
  }
})

function gapsOf(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] as number))
}

function lowerQuartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] as number
}
