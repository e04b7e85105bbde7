import test from 'ava'
import { judgeCertificate } from '../../cli/commands/doctor/certificate.ts'
import { judgeClock } from '../../cli/commands/doctor/clock.ts'
import { judgeDescriptors, judgeNode } from '../../cli/commands/doctor/node-checks.ts'
import { call } from '../helpers/http.ts'
import { eventually } from '../helpers/eventually.ts'
import { startServer } from '../helpers/server.ts'
import { runCli } from './run-cli.ts'

interface Finding {
  readonly state: string
  readonly subject: string
  readonly text: string
}

test('doctor looks at a server, its certificate, its jobs and its peers', async t => {
  const settings = [
    { section: 'ssl', key: 'enable', value: 'true' },
    { section: 'ssl', key: 'port', value: '0' },
  ]
  const [server, peer] = [await startServer({ settings }), await startServer()]
  t.teardown(async () => void (await Promise.all([server.close(), peer.close()])))
  const doctor = async (...args: string[]): Promise<Finding[]> => {
    const { out, err } = await runCli(['doctor', '--json', ...args], { env: { COUCHETTE_URL: server.url } })
    t.is(err, '')
    return JSON.parse(out) as Finding[]
  }
  const stateOf = (findings: Finding[], subject: string): string | undefined =>
    findings.find(one => one.subject === subject)?.state
  const first = await doctor()
  for (const subject of ['server', 'clock', 'store', 'configuration', 'TLS', 'jobs'])
    t.is(stateOf(first, subject), 'ok', subject)
  for (const subject of ['descriptors', 'disk', 'event loop', 'memory'])
    t.truthy(stateOf(first, subject), subject)
  await call(server.url, 'PUT', '/a')
  const jobs = { peer: peer.url, gone: 'http://127.0.0.1:9' }
  for (const [id, url] of Object.entries(jobs))
    await call(server.url, 'PUT', `/_replicator/${id}`, {
      json: {
        source: `${server.url}/a`,
        target: `${url}/a`,
        create_target: true,
        continuous: true,
        retries_per_request: 0,
      },
    })
  await eventually('one job crashes', async () => stateOf(await doctor(), 'jobs') === 'warning', {
    withinMs: 60_000,
  })
  const { code, out } = await runCli(['doctor', '--url', server.url])
  t.is(code, 6)
  t.regex(out, new RegExp(`^ok +${new URL(peer.url).host} +its clock agrees with this machine's\\.$`, 'm'))
  t.regex(out, /^warning +127\.0\.0\.1:9 +from this machine: /m)
  t.notRegex(out, /pass/)
  const tls = await runCli([
    'doctor',
    '--url',
    `https://admin:pass@127.0.0.1:${server.couchette.tlsPort}`,
    '--no-peers',
  ])
  t.is(tls.code, 3)
  t.regex(
    tls.err,
    /^couchette: The certificate of 127\.0\.0\.1:\d+ is self-signed: trust it with --ca FILE, or take any with --insecure\.\n$/,
  )
  const insecure = await runCli([
    'doctor',
    '--insecure',
    '--no-peers',
    '--url',
    `https://admin:pass@127.0.0.1:${server.couchette.tlsPort}`,
  ])
  t.regex(insecure.out, /^ok +TLS +the certificate is valid until \d{4}-\d\d-\d\d /m)
})

test('clocks, certificates, disks and descriptors are judged', async t => {
  const now = Date.parse('2026-06-01T12:00:00.900Z')
  const clock = (date: string): string => judgeClock('clock', date, now, now + 50).state
  t.is(clock('Mon, 01 Jun 2026 12:00:00 GMT'), 'ok')
  t.is(clock('Mon, 01 Jun 2026 12:00:20 GMT'), 'warning')
  t.is(clock('Mon, 01 Jun 2026 11:50:00 GMT'), 'error')
  t.is(judgeClock('clock', undefined, now, now).state, 'unknown')
  const certificate = (day: string): string => judgeCertificate('TLS', new Date(day), new Date(now)).state
  t.deepEqual(['2026-05-30', '2026-06-05', '2026-06-20', '2027-01-01'].map(certificate), [
    'error',
    'error',
    'warning',
    'ok',
  ])
  const disk = (free: number): string | undefined => judgeNode({ disk: { total: 100, free } })[0]?.state
  t.deepEqual([50, 8, 1].map(disk), ['ok', 'warning', 'error'])
  t.is(judgeNode({ store: { state: 'stopped', reason: 'x', disk_full: false } })[1]?.state, 'error')
  const files = async (open: number, max: number): Promise<string> =>
    (
      await judgeDescriptors(
        new Map([
          ['process_open_fds', open],
          ['process_max_fds', max],
        ]),
        false,
      )
    ).state
  t.deepEqual(
    [await files(10, 65_536), await files(10, 1024), await files(60_000, 65_536)],
    ['ok', 'warning', 'error'],
  )
  t.is((await judgeDescriptors(new Map(), false)).state, 'unknown')
})
