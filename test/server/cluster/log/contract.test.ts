import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import pg from 'pg'
import { LevelLogEngine } from '../../../../server/cluster/log/level-log.ts'
import { PostgresLog } from '../../../../server/cluster/log/postgres-log.ts'
import { appendSettled } from '../../../../server/cluster/log/settle.ts'
import { bytes, forever, keepsContract, type LogEngine, readAll } from '../../../helpers/log-contract.ts'
import { postgresBinaries, startPostgres } from '../../../helpers/postgres.ts'
import { tempDir } from '../../../helpers/temp.ts'

async function levelEngine(): Promise<LogEngine> {
  const dir = await tempDir()
  const engine = await LevelLogEngine.open(dir.path)
  const close = async (): Promise<void> => {
    await engine.close()
    await dir.remove()
  }
  return { connect: () => engine.connect(), close }
}

async function postgresEngine(binaries: string): Promise<LogEngine> {
  const postgres = await startPostgres(binaries)
  const first = new PostgresLog(postgres.url, 'contract')
  await first.create()
  await first.close()
  return { connect: () => new PostgresLog(postgres.url, 'contract'), close: () => postgres.close() }
}

test('the log in LevelDB keeps the contract', async t => {
  const engine = await levelEngine()
  await keepsContract(t, engine)
  await engine.close()
})

const binaries = postgresBinaries()
const withPostgres = binaries === undefined ? test.skip : test.serial

withPostgres('the log in PostgreSQL keeps the contract', async t => {
  const engine = await postgresEngine(binaries!)
  await keepsContract(t, engine)
  await engine.close()
})

withPostgres('a row whose wait for the standby was cancelled is no acknowledged entry', async t => {
  const postgres = await startPostgres(binaries!)
  const log = new PostgresLog(postgres.url, 'lonely')
  t.true(await log.create())
  t.false(await log.create())
  t.is((await log.append(0, bytes('one'))).kind, 'appended')
  const admin = new pg.Client({ connectionString: postgres.url })
  await admin.connect()
  await admin.query('SET synchronous_commit = off')
  await admin.query(`ALTER SYSTEM SET synchronous_standby_names = 'absent'`)
  await admin.query('SELECT pg_reload_conf()')
  for (;;) {
    const { rows } = await admin.query<{ name: string }>(
      `SELECT current_setting('synchronous_standby_names') AS name`,
    )
    if (rows[0]?.name === 'absent') break
  }
  // Other sessions hear of the setting when they please: those before append as before.
  let position = 1
  let appending = log.append(position, bytes('two'))
  for (let cancelled = false; !cancelled;) {
    const { rows } = await admin.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    )
    cancelled = rows.length > 0
    if (cancelled) await admin.query('SELECT pg_cancel_backend($1)', [rows[0]!.pid])
    else if ((await Promise.race([appending, sleep(10)]))?.kind === 'appended')
      appending = log.append(++position, bytes('two'))
  }
  t.is((await appending).kind, 'unknown')
  t.is(log.acknowledged, position)
  t.is((await log.read(position + 1)).length, 1, 'it can be read')
  await admin.query('ALTER SYSTEM RESET synchronous_standby_names')
  await admin.query('SELECT pg_reload_conf()')
  const settled = await appendSettled(log, position, bytes('two'), {
    barrier: () => bytes('barrier'),
    signal: forever,
  })
  t.true(settled.kind === 'conflict' || settled.position > position)
  await admin.end()
  await log.close()
  await postgres.close()
})

withPostgres('an append while PostgreSQL is away is settled when it is back', async t => {
  const postgres = await startPostgres(binaries!)
  const log = new PostgresLog(postgres.url, 'away')
  await log.create()
  t.is((await log.append(0, bytes('one'))).kind, 'appended')
  await postgres.stop()
  t.is((await log.append(1, bytes('two'))).kind, 'unknown')
  let isStarted: Promise<void> | undefined
  const settled = await appendSettled(log, 1, bytes('two'), {
    barrier: () => bytes('barrier'),
    signal: forever,
    onUnknown: () => {
      isStarted ??= postgres.start()
    },
  })
  t.deepEqual(settled, { kind: 'appended', position: 2 })
  t.deepEqual(await readAll(log), ['one', 'two'])
  await log.close()
  await postgres.close()
})
