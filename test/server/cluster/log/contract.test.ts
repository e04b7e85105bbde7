import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import {
  type Appended,
  LogTrimmedError,
  type ReplicatedLog,
} from '../../../../server/cluster/log/contract.ts'
import { LevelLogEngine } from '../../../../server/cluster/log/level-log.ts'
import { PostgresLog } from '../../../../server/cluster/log/postgres-log.ts'
import { appendSettled } from '../../../../server/cluster/log/settle.ts'
import { postgresBinaries, startPostgres } from '../../../helpers/postgres.ts'
import { tempDir } from '../../../helpers/temp.ts'

/** An engine with one empty log. */
interface Engine {
  connect(): ReplicatedLog
  close(): Promise<void>
}

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (value: Uint8Array): string => Buffer.from(value).toString()
const forever = new AbortController().signal

async function levelEngine(): Promise<Engine> {
  const dir = await tempDir()
  const engine = await LevelLogEngine.open(dir.path)
  const close = async (): Promise<void> => {
    await engine.close()
    await dir.remove()
  }
  return { connect: () => engine.connect(), close }
}

async function postgresEngine(binaries: string): Promise<Engine> {
  const postgres = await startPostgres(binaries)
  const first = new PostgresLog(postgres.url, 'contract')
  await first.create()
  await first.close()
  return { connect: () => new PostgresLog(postgres.url, 'contract'), close: () => postgres.close() }
}

async function readAll(log: ReplicatedLog, from = 1): Promise<string[]> {
  const all: string[] = []
  for (let at = from; ; at = from + all.length) {
    const entries = await log.read(at)
    if (entries.length === 0) return all
    for (const entry of entries) {
      if (entry.position !== from + all.length) throw new Error(`a hole before ${entry.position}`)
      all.push(text(entry.bytes))
    }
  }
}

/** Loses the answers of every third append, half of them before the entry was sent. */
function forgetful(log: ReplicatedLog): ReplicatedLog {
  let count = 0
  const append = async (expected: number, entry: Uint8Array): Promise<Appended> => {
    count += 1
    const lost: Appended = { kind: 'unknown', cause: new Error('lost') }
    if (count % 6 === 0) return lost
    const appended = await log.append(expected, entry)
    return count % 3 === 0 ? lost : appended
  }
  return {
    append,
    get acknowledged() {
      return log.acknowledged
    },
    read: from => log.read(from),
    changed: signal => log.changed(signal),
    trim: below => log.trim(below),
    close: () => log.close(),
  }
}

/** Appends until it has so many entries in the log; after each conflict it reads on first. */
async function contend(log: ReplicatedLog, name: string, count: number): Promise<string[]> {
  const mine: string[] = []
  let last = 0
  let [barriers, attempts] = [0, 0]
  const barrier = (): Uint8Array => bytes(`barrier ${name} ${(barriers += 1)}`)
  while (mine.length < count) {
    // A refused entry may be in the log, where its answer was lost: it is not sent again.
    const entry = `${name} ${(attempts += 1)}`
    const settled = await appendSettled(log, last, bytes(entry), { barrier, signal: forever, retryMs: 1 })
    if (settled.kind === 'appended') {
      mine.push(entry)
      last = settled.position
    } else last += (await readAll(log, last + 1)).length
  }
  return mine
}

async function keepsContract(t: ExecutionContext, engine: Engine): Promise<void> {
  const [a, b] = [engine.connect(), engine.connect()]
  t.deepEqual(await a.read(1), [])
  t.deepEqual(await a.append(1, bytes('hole')), { kind: 'conflict' })
  t.deepEqual(await a.append(0, bytes('one')), { kind: 'appended', position: 1 })
  t.is(a.acknowledged, 1)
  t.deepEqual(await b.append(0, bytes('other')), { kind: 'conflict' })
  t.deepEqual(await b.append(1, bytes('two')), { kind: 'appended', position: 2 })
  t.deepEqual(await a.append(7, bytes('hole')), { kind: 'conflict' })
  t.deepEqual(await readAll(a), ['one', 'two'])
  while (a.acknowledged < 2) await a.changed(forever)
  t.deepEqual(await a.read(3), [])

  const appended = await Promise.all(
    ['x', 'y', 'z'].map(name => contend(forgetful(engine.connect()), name, 12)),
  )
  const all = await readAll(a)
  for (const [index, mine] of appended.entries()) {
    const kept = all.filter(entry => entry.startsWith(`${'xyz'[index]} `) && mine.includes(entry))
    t.deepEqual(kept, mine, 'each acknowledged entry is there once, in order')
  }

  t.is(new Set(all).size, all.length, 'nothing is there twice')

  await a.trim(3)
  await t.throwsAsync(a.read(1), { instanceOf: LogTrimmedError })
  t.deepEqual(await readAll(a, 3), all.slice(2))
  await a.trim(all.length + 100)
  t.deepEqual(await readAll(b, all.length), all.slice(-1), 'the last entry stays')
  t.is((await a.append(all.length, bytes('next'))).kind, 'appended')
  await a.close()
  await a.close()
  await b.close()
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
  const appending = log.append(1, bytes('two'))
  for (let cancelled = false; !cancelled;) {
    const { rows } = await admin.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    )
    cancelled = rows.length > 0
    if (cancelled) await admin.query('SELECT pg_cancel_backend($1)', [rows[0]!.pid])
  }
  t.is((await appending).kind, 'unknown')
  t.is(log.acknowledged, 1)
  t.is((await log.read(2)).length, 1, 'it can be read')
  await admin.query('ALTER SYSTEM RESET synchronous_standby_names')
  await admin.query('SELECT pg_reload_conf()')
  const settled = await appendSettled(log, 1, bytes('two'), {
    barrier: () => bytes('barrier'),
    signal: forever,
  })
  t.true(settled.kind === 'conflict' || settled.position >= 2)
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
