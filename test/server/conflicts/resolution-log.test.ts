import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { RestartableNode } from '../../helpers/faults/restartable.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

interface Row {
  readonly time: string
  readonly id: string
  readonly policy: string | null
  readonly kind: string
  readonly user?: string
  readonly leaves: readonly string[]
  readonly rev?: string
  readonly error?: string
}

const rev = (digit: string, generation = 1): string => `${generation}-${digit.repeat(32)}`
const PATIENCE = { withinMs: 60_000 }

/** Writes two leaves of each document. */
async function conflict(url: string, ...ids: readonly string[]): Promise<void> {
  const docs = ids.flatMap(_id => ['a', 'b'].map(digit => ({ _id, _rev: rev(digit), [digit]: 1 })))
  await call(url, 'POST', '/db/_bulk_docs', { json: { new_edits: false, docs } })
}

async function setPolicy(url: string, policy: object): Promise<void> {
  const { body } = await call<{ _rev?: string }>(url, 'GET', '/db/_design/policy')
  const json = { conflicts: [policy], ...(body._rev === undefined ? {} : { _rev: body._rev }) }
  await call(url, 'PUT', '/db/_design/policy', { json })
}

async function log(url: string, query = ''): Promise<readonly Row[]> {
  return (await call<{ rows: readonly Row[] }>(url, 'GET', `/db/_conflicts/log${query}`)).body.rows
}

async function untilNone(url: string): Promise<void> {
  const total = async (): Promise<number> =>
    (await call<{ total_rows: number }>(url, 'GET', '/db/_conflicts')).body.total_rows
  await eventually('no conflict is left', async () => (await total()) === 0, PATIENCE)
}

test('P7: the log of resolutions survives a restart, and a failure that is repeated has one row', async t => {
  const node = await RestartableNode.start()
  t.teardown(() => node.close())
  const { url } = node
  await call(url, 'PUT', '/db')
  await conflict(url, 'by hand')
  const json = { revs: [rev('b'), rev('a')], keep: rev('a') }
  t.is((await call(url, 'POST', '/db/_conflicts/by%20hand', { json })).status, 201)
  await conflict(url, 'kept')
  await setPolicy(url, { policy: 'merge' })
  await untilNone(url)
  const throws = 'function (leaves) { throw new Error("not " + leaves[0]._id) }'
  await setPolicy(url, { policy: 'function', function: throws })
  await conflict(url, 'failed')
  await eventually('the policy has failed', async () => (await log(url)).length === 3, PATIENCE)

  const before = await log(url)
  t.like(before[0], { id: 'failed', policy: '_design/policy/0', kind: 'function' })
  t.regex(before[0]?.error ?? '', /not failed/)
  t.like(before[1], { id: 'kept', policy: '_design/policy/0', kind: 'merge', leaves: [rev('b'), rev('a')] })
  t.is(before[1]?.rev, (await call<{ _rev: string }>(url, 'GET', '/db/kept')).body._rev)
  t.like(before[2], { id: 'by hand', policy: null, kind: 'by_hand', user: 'admin', rev: rev('a') })
  for (const { time } of before) t.is(new Date(time).toISOString(), time)

  await node.stop()
  await node.start()
  const failures = async (): Promise<number | undefined> => {
    const { body } = await call<{ policies: { failed: number }[] }>(url, 'GET', '/db/_conflicts/policies')
    return body.policies[0]?.failed
  }
  await eventually('it was tried again', async () => ((await failures()) ?? 0) > 0, PATIENCE)
  await setPolicy(url, { policy: 'majority' })
  await untilNone(url)
  t.deepEqual((await log(url)).slice(1), before)
  t.deepEqual(await log(url, '?limit=1'), [(await log(url))[0]])
  t.deepEqual(await log(url, '?limit=0'), [])
  t.is((await call(url, 'GET', '/db/_conflicts/log?limit=-1')).status, 400)

  await call(url, 'DELETE', '/db')
  await call(url, 'PUT', '/db')
  t.deepEqual(await log(url), [], 'another database of that name begins with nothing')
})

test('the log keeps the latest rows, as many as the setting says', async t => {
  const server = await startServer({ settings: [{ section: 'conflicts', key: 'log_size', value: '40' }] })
  t.teardown(() => server.close())
  const { url } = server
  await call(url, 'PUT', '/db')
  await setPolicy(url, { policy: 'merge' })
  for (let round = 0; round < 3; round++) {
    await conflict(url, ...Array.from({ length: 100 }, (_, n) => `${round}-${n}`))
    await untilNone(url)
  }
  const rows = await log(url, '?limit=1000')
  t.is(rows.length, 40)
  t.true(rows.every(({ id }) => id.startsWith('2-')))
  // The rows that were beyond it are gone, not hidden.
  await call(url, 'PUT', '/_node/_local/_config/conflicts/log_size', { json: '1000' })
  const stored = async (): Promise<number> => (await log(url, '?limit=1000')).length
  await eventually('the oldest are removed', async () => (await stored()) < 160)
  t.true((await stored()) >= 40)
  await call(url, 'PUT', '/_node/_local/_config/conflicts/log_size', { json: '0' })
  await conflict(url, 'unlogged')
  await untilNone(url)
  t.deepEqual(await log(url), [])
  await call(url, 'PUT', '/_node/_local/_config/conflicts/log_size', { json: '1000' })
  t.false((await log(url, '?limit=1000')).some(({ id }) => id === 'unlogged'))
})
