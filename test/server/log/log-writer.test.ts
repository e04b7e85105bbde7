import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { readFile, rename, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { program } from '../../../harness/project.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

const FAILED = 'authentication failed'

for (const signal of ['SIGHUP', 'SIGUSR1'] as const) {
  test(`the log's file is opened again on ${signal}`, async t => {
    const dir = await tempDir()
    const log = join(dir.path, 'logs/couch.log')
    const set = ['log/writer=file', 'log/file=logs/couch.log'].flatMap(value => ['--set', value])
    const args = [...program('cli/main'), '--port', '0', '--data', dir.path, '--admin', 'a:b', ...set]
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const errors = text(server.stderr)
    try {
      const [said] = (await once(server.stdout, 'data')) as [Buffer]
      const url = (/http:\S+/.exec(said.toString())?.[0] ?? '').replace('//', '//a:wrong@')
      const fail = () => call(url, 'GET', '/_session')
      await fail()
      await eventually('it is logged', async () => (await readFile(log, 'utf8')).includes(FAILED))
      await rename(log, `${log}.1`)
      server.kill(signal)
      await eventually(
        'the new file is there',
        async () => (await readFile(log, 'utf8').catch(() => 'x')) === '',
      )
      await fail()
      await eventually('it is logged again', async () => (await readFile(log, 'utf8')).includes(FAILED))
      t.is((await readFile(`${log}.1`, 'utf8')).split(FAILED).length, 2)
      // As logrotate's copytruncate does, which sends no signal.
      await truncate(log)
      await fail()
      await eventually('the same file goes on', async () => (await readFile(log, 'utf8')).includes(FAILED))
      t.regex(await readFile(log, 'utf8'), /^\{"level"/, 'it begins where the file was cut')
    } finally {
      server.kill()
      await once(server, 'exit')
      await dir.remove()
    }
    t.is(await errors, '')
  })
}

test('a log file that cannot be opened is a sentence, and an unknown writer is refused', async t => {
  const set = (key: string, value: string) => ({ section: 'log', key, value })
  await t.throwsAsync(startServer({ settings: [set('writer', 'file'), set('file', '/dev/null/x')] }), {
    message: /^The log file \/dev\/null\/x cannot be used: /,
  })
  await t.throwsAsync(startServer({ settings: [set('writer', 'paper')] }), {
    message: '--set: [log] writer = paper: it takes one of stderr, file, journald, syslog.',
  })
})

test('journald gets the priority of each line', async t => {
  const dir = await tempDir()
  const args = [...program('cli/main'), '--port', '0', '--data', dir.path, '--admin', 'a:b']
  const server = spawn(process.execPath, [...args, '--set', 'log/writer=journald'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = text(server.stderr)
  const [said] = (await once(server.stdout, 'data')) as [Buffer]
  await call((/http:\S+/.exec(said.toString())?.[0] ?? '').replace('//', '//a:wrong@'), 'GET', '/_session')
  server.kill()
  await once(server, 'exit')
  await dir.remove()
  t.regex(await errors, /^<4>\{"level":"warn","time":"\d{4}-.*"component":"auth"/m)
})

test('metrics have a port of their own where that is set', async t => {
  const settings = [
    { section: 'prometheus', key: 'additional_port', value: 'true' },
    { section: 'prometheus', key: 'port', value: '0' },
  ]
  const server = await startServer({ settings })
  const base = `http://127.0.0.1:${server.couchette.metricsPort}`
  try {
    const { status, body } = await call<string>(base, 'GET', '/_node/_local/_prometheus')
    t.is(status, 200)
    t.regex(body, /^couchdb_httpd_requests_total \d+$/m)
    t.is((await call(base, 'GET', '/_all_dbs')).status, 404)
    t.is((await call(base, 'POST', '/_node/_local/_prometheus')).status, 405)
    t.is((await call(server.couchette.url, 'GET', '/_node/_local/_prometheus')).status, 401)
  } finally {
    await server.close()
  }
})
