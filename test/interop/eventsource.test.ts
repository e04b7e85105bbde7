import test from 'ava'
import { EventSource } from 'eventsource'
import { target } from '../../harness/client.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'

interface Row {
  readonly id: string
  readonly seq: string
}

test('an EventSource reads what is there, follows what comes, and goes on where it stood', async t => {
  const { url, close } = await startServer()
  const { origin, headers } = target(url)
  const withCredentials: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), ...headers } })
  const follow = (since: string) => {
    const rows: Row[] = []
    const source = new EventSource(`${origin}/events/_changes?feed=eventsource&since=${since}`, {
      fetch: withCredentials,
    })
    source.addEventListener('message', ({ data }) => rows.push(JSON.parse(data as string) as Row))
    return { source, rows }
  }
  try {
    await call(url, 'PUT', '/events')
    await call(url, 'PUT', '/events/one', { json: {} })
    const first = follow('0')
    await eventually('the document that is there', () => first.rows.length === 1)
    await call(url, 'PUT', '/events/two', { json: {} })
    await eventually('the one that comes', () => first.rows.length === 2)
    first.source.close()
    t.deepEqual(
      first.rows.map(({ id }) => id),
      ['one', 'two'],
    )

    await call(url, 'PUT', '/events/three', { json: {} })
    const second = follow(first.rows[1]?.seq ?? '')
    await eventually('what came in between', () => second.rows.length === 1)
    second.source.close()
    t.deepEqual(
      second.rows.map(({ id }) => id),
      ['three'],
    )
  } finally {
    await close()
  }
})
