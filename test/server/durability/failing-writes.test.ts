import test from 'ava'
import type { ExecutionContext } from 'ava'
import { AcknowledgedWrites, untilUp } from '../../helpers/faults/acknowledged.ts'
import {
  type DiskFaults,
  EIO,
  ENOSPC,
  faultyDirectory,
  type FaultyCall,
} from '../../helpers/faults/disk-faults.ts'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'

interface Fault {
  readonly name: string
  readonly call: FaultyCall
  readonly pattern: string
  readonly errno?: number
  /** Has LevelDB make the call, where a write of documents alone does not. */
  readonly compacts?: true
}

const FAULTS: readonly Fault[] = [
  { name: 'a record of the log that is cut short', call: 'short', pattern: '/store/' },
  { name: 'a log for which there is no room', call: 'write', pattern: '.log', errno: ENOSPC },
  { name: 'a log that cannot be synced', call: 'sync', pattern: '.log' },
  {
    name: 'a table for which there is no room when memory moves to it',
    call: 'write',
    pattern: '.ldb',
    errno: ENOSPC,
    compacts: true,
  },
  { name: 'a table that cannot be synced', call: 'sync', pattern: '.ldb', compacts: true },
  { name: 'a manifest that cannot be written', call: 'write', pattern: '/MANIFEST-', compacts: true },
  { name: 'a manifest that cannot be synced', call: 'sync', pattern: '/MANIFEST-', compacts: true },
]

test('P4: whichever write of the store fails, nothing is acknowledged until it was opened again, and nothing is lost', async t => {
  const disk = await faultyDirectory(t)
  if (disk === undefined) return
  const { faults } = disk
  const data = `${disk.path}/data`
  let server = await spawnServer(data, faults.env)
  try {
    const writes = new AcknowledgedWrites(() => server.url, 'db')
    await writes.create()
    for (const fault of FAULTS) {
      t.log(fault.name)
      await survive(t, fault, { url: server.url, faults, writes })
    }
    await server.kill()
    server = await spawnServer(data)
    await writes.verify(t)
    t.is((await writes.write(10)).status, 201)
    await writes.verify(t)
  } finally {
    await server.kill()
  }
})

/** Rounds of kills while the store is opened again; more with `REOPENING_ROUNDS`. */
const KILLED_REOPENINGS = Number(process.env['REOPENING_ROUNDS'] ?? 2)

test('P4: kill -9 while the store is opened again after a failed write loses nothing', async t => {
  const disk = await faultyDirectory(t)
  if (disk === undefined) return
  const { faults } = disk
  const data = `${disk.path}/data`
  let server = await spawnServer(data, faults.env)
  t.teardown(() => server.kill())
  const writes = new AcknowledgedWrites(() => server.url, 'db')
  await writes.create()
  for (let round = 0; round < KILLED_REOPENINGS; round++) {
    t.is((await writes.write(50)).status, 201)
    // A record that is cut short, and a log that is written and not synced: the two ends that a log can have.
    await faults.fail(round % 2 === 0 ? 'short' : 'sync', '.log', { count: -1 })
    t.is((await writes.write(20)).status, 503)
    await faults.clear()
    const states = await statesUntilOpened(server.url, round)
    t.log(`killed after ${states.join(', ')}`)
    await server.kill()
    server = await spawnServer(data, faults.env)
    await writes.verify(t)
    t.is((await writes.write(5)).status, 201)
  }
  t.is(await server.stop(), 0)
})

/** Asks `_up` until the store is being opened again, or was, and some rounds of the event loop more. */
async function statesUntilOpened(url: string, more: number): Promise<string[]> {
  const states: string[] = []
  for (;;) {
    const { status, body } = await call(url, 'GET', '/_up')
    const state = status === 200 ? 'ok' : String(body['status'])
    if (states.at(-1) !== state) states.push(state)
    if (state === 'store_reopening' || state === 'ok') break
  }
  for (let turn = 0; turn < more; turn++) await call(url, 'GET', '/_up')
  return states
}

test('a setting whose last sync fails is in effect, as its answer says, and can be taken back or sent again', async t => {
  const disk = await faultyDirectory(t)
  if (disk === undefined) return
  const { faults } = disk
  const data = `${disk.path}/data`
  let server = await spawnServer(data, faults.env)
  t.teardown(() => server.kill())
  const key = '/_node/_local/_config/admins/new'
  const signIn = () => call(server.url.replace('admin:pass', 'new:secret'), 'GET', '/_session')
  const put = () => call(server.url, 'PUT', key, { json: 'secret' })

  await call(server.url, 'PUT', '/_node/_local/_config/chttpd_auth/iterations', { json: '10' })
  await faults.fail('sync', '/couchette.ini.new$')
  const refused = await put()
  t.is(refused.status, 503)
  t.regex(String(refused.body['reason']), /nothing of it is stored/)
  t.is((await signIn()).status, 401)
  t.is((await call(server.url, 'GET', key)).status, 404)

  const inEffect = /^The change is in effect, but the disk did not confirm it/
  await faults.fail('sync', '/data$')
  t.regex(String((await put()).body['reason']), inEffect)
  t.is((await signIn()).status, 200)
  await faults.fail('sync', '/data$')
  const taken = await call(server.url, 'DELETE', key)
  t.is(taken.status, 503)
  t.regex(String(taken.body['reason']), inEffect)
  t.is((await signIn()).status, 401)
  t.is((await call(server.url, 'DELETE', key)).status, 404)

  await faults.fail('sync', '/data$')
  const value = '/_node/_local/_config/uuids/max_count'
  t.is((await call(server.url, 'PUT', value, { json: '7' })).status, 503)
  await faults.fail('sync', '/data$')
  t.is((await call(server.url, 'PUT', value, { json: '7' })).status, 503, 'the same value is synced, too')
  t.is((await call(server.url, 'PUT', value, { json: '7' })).status, 200)
  await server.kill()
  server = await spawnServer(data)
  t.is((await signIn()).status, 401)
  t.is((await call<unknown>(server.url, 'GET', value)).body, '7')
})

async function survive(
  t: ExecutionContext,
  { name, call: faulty, pattern, errno = EIO, compacts }: Fault,
  { url, faults, writes }: { url: string; faults: DiskFaults; writes: AcknowledgedWrites },
): Promise<void> {
  for (let round = 0; round < 5; round++) t.is((await writes.write(20)).status, 201, name)
  await faults.fail(faulty, pattern, { count: -1, errno })
  if (compacts === true) {
    await call(url, 'POST', '/db/_compact', { headers: { 'content-type': 'application/json' } })
  }
  const wanted = errno === ENOSPC ? 507 : 503
  let status = 201
  for (let round = 0; status === 201 && round < 200; round++) status = (await writes.write(5)).status
  t.is(status, wanted, name)
  t.is((await writes.write(5)).status, wanted, `${name}: nothing is acknowledged meanwhile`)
  t.regex(String((await untilUp(url, 503)).status), /^store_(failed|reopening)$/)

  await faults.clear()
  await untilUp(url, 200)
  for (let round = 0; round < 10; round++) t.is((await writes.write(30)).status, 201, name)
  await writes.verify(t)
}
