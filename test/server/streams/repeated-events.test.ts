import test, { type ExecutionContext } from 'ava'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

let server: RunningServer
test.before(async () => {
  server = await startServer()
})
test.after.always(() => server.close())

interface Outcome {
  readonly outcome?: string
  readonly rev?: string
}

/** An event of the row 1: its place in the log, the time of its commit, and the row; null for a deletion. */
type Event = readonly [lsn: number, time: number | undefined, n: number | null, snapshot?: string]

async function database(t: ExecutionContext, name: string) {
  t.is((await call(server.url, 'PUT', `/${name}`)).status, 201)
  return async (...events: readonly Event[]): Promise<string> => {
    const { body } = await call<{ results: readonly Outcome[] }>(
      server.url,
      'POST',
      `/${name}/_ingest?id={id}`,
      {
        json: events.map(([lsn, time, n, snapshot = 'false']) => ({
          op: n === null ? 'd' : 'u',
          before: n === null ? { id: 1 } : null,
          after: n === null ? null : { id: 1, n },
          source: {
            connector: 'postgresql',
            name: 'pg',
            db: 'd',
            schema: 's',
            table: 't',
            lsn,
            ts_ms: time,
            snapshot,
          },
        })),
      },
    )
    return body.results.map(({ outcome }) => outcome).join(' ')
  }
}

const revision = async (name: string): Promise<unknown> =>
  (await call<Record<string, unknown>>(server.url, 'GET', `/${name}/1`)).body['_rev']

test('events that are sent again, from wherever, are duplicates and make no revision', async t => {
  const send = await database(t, 'again')
  const events: Event[] = [
    [10, 100, 1],
    [20, 100, 2],
    [30, 110, 3],
    [40, 120, null],
    [50, 130, 1],
  ]
  t.is(await send(...events), 'stored stored stored stored stored')
  const before = await revision('again')
  for (let from = 0; from < events.length; from++)
    t.is(
      await send(...events.slice(from)),
      events
        .slice(from)
        .map(() => 'duplicate')
        .join(' '),
    )
  t.is(await revision('again'), before)
})

test('more events than are remembered are duplicates too', async t => {
  const send = await database(t, 'many')
  const events = Array.from({ length: 40 }, (_, n): Event => [n + 1, 1000 + n, n])
  await send(...events)
  t.is(await send(...events), events.map(() => 'duplicate').join(' '))
  const untimed = await database(t, 'untimed')
  const bare = events.map(([lsn, , n]): Event => [lsn, undefined, n])
  await untimed(...bare)
  t.is(await untimed(...bare), bare.map(() => 'duplicate').join(' '))
})

test('what a database that was set back says at places that were here before is news', async t => {
  const send = await database(t, 'back')
  await send([10, 100, 1], [20, 110, 2], [30, 120, 3])
  t.is(await send([20, 500, 9]), 'stored')
  t.like(await call(server.url, 'GET', '/back/1'), { body: { n: 9 } })
  t.is(await send([20, 500, 9]), 'duplicate')
  t.is(await send([25, 510, 8], [30, 520, 7]), 'stored stored')
  t.is(await send([20, 500, 9], [25, 510, 8], [30, 520, 7]), 'duplicate duplicate duplicate')
  t.like(await call(server.url, 'GET', '/back/1'), { body: { n: 7 } })
})

test('a place between those that are remembered is news where the log has no times', async t => {
  const send = await database(t, 'between')
  await send([10, undefined, 1], [20, undefined, 2], [30, undefined, 3])
  t.is(await send([25, undefined, 9]), 'stored')
  t.is(await send([20, undefined, 8]), 'stored')
  t.is(await send([20, undefined, 8]), 'duplicate')
})

test('a change that began before a snapshot and was committed after it is news', async t => {
  const send = await database(t, 'long')
  await send([200, 1000, 1, 'true'])
  t.is(await send([100, 1500, 2]), 'stored')
  t.is(await send([100, 1500, 2]), 'duplicate')
  const incremental = await database(t, 'incremental')
  await incremental([50, 400, 1])
  t.is(await incremental([200, 5000, 1, 'incremental']), 'unchanged')
  t.is(await incremental([100, 1500, 2]), 'stored')
})
