import test from 'ava'
import { LogTail } from '../../../server/log/log-tail.ts'
import { securedServer } from '../../helpers/secured-server.ts'

interface Listed {
  readonly section: string
  readonly key: string
  readonly value: string | null
  readonly default: string
  readonly source: string
  readonly restart: boolean
  readonly about: string
}

test('_settings says of each setting what it does, what it is and where that comes from', async t => {
  const { admin } = await securedServer(t, 'replicator/max_jobs=7')
  await admin('PUT', '/_node/_local/_config/log/level', { json: 'error' })
  const { body } = await admin<{ settings: Listed[] }>('GET', '/_node/_local/_settings')
  const find = (section: string, key: string) =>
    body.settings.find(setting => setting.section === section && setting.key === key)
  const jobs = find('replicator', 'max_jobs')
  t.deepEqual([jobs?.value, jobs?.default, jobs?.source], ['7', '500', 'command line'])
  const level = find('log', 'level')
  t.deepEqual([level?.value, level?.default, level?.source], ['error', 'warning', 'couchette.ini'])
  const untouched = find('replicator', 'interval')
  t.deepEqual([untouched?.value, untouched?.source, untouched?.restart], [null, 'default', false])
  t.true((untouched?.about.length ?? 0) > 10)
  t.is(find('chttpd_auth', 'secret')?.value, '****')
  t.is(find('admins', 'admin')?.value, '****')
  t.true(find('ssl', 'enable')?.restart)
})

test('_log gives the last lines of the log, and those behind a number', async t => {
  const { as, admin } = await securedServer(t)
  await admin('PUT', '/_node/_local/_config/log/level', { json: 'warning' })
  const { status, body } = await admin<{ last: number; lines: object[] }>('GET', '/_node/_local/_log')
  t.is(status, 200)
  t.is(body.lines.length, Math.min(body.last, 1000))
  t.is((await admin('GET', '/_node/_local/_log?since=x')).status, 400)
  t.is((await as(undefined)('GET', '/_node/_local/_log')).status, 401)
})

test('the tail of the log is bounded, and its lines stay JSON', t => {
  const tail = new LogTail(() => 3)
  for (let at = 1; at <= 10; at += 1) tail.add(`{"n":${at}}\n`)
  t.deepEqual(tail.read(0, 100), { lines: ['{"n":8}', '{"n":9}', '{"n":10}'], last: 10 })
  t.deepEqual(tail.read(9, 100).lines, ['{"n":10}'])
  t.deepEqual(tail.read(0, 1).lines, ['{"n":10}'])
  tail.add(JSON.stringify({ msg: 'x'.repeat(100_000) }))
  t.true(tail.read(10, 1).lines.every(line => line.length < 2000 && JSON.parse(line) !== null))
  const off = new LogTail(() => 0)
  off.add('{}')
  t.deepEqual(off.read(0, 10), { lines: [], last: 0 })
})

test('_health tells the delay of the event loop, memory and disk', async t => {
  const { admin } = await securedServer(t)
  const { body } = await admin<{
    event_loop_delay_ms: Record<string, number>
    memory: Record<string, number>
    disk: { total: number; free: number }
  }>('GET', '/_node/_local/_health')
  for (const name of ['p50', 'p99', 'max']) t.true((body.event_loop_delay_ms[name] ?? -1) >= 0)
  t.true((body.memory.resident ?? 0) > 1e6)
  t.true(body.disk.free > 0 && body.disk.free <= body.disk.total)
})
