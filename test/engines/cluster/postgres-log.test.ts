import test from 'ava'
import { type Appended, LogSetBackError, type ReplicatedLog } from '../../../server/cluster/log/contract.ts'
import { PostgresLog } from '../../../server/cluster/log/postgres-log.ts'
import { appendSettled } from '../../../server/cluster/log/settle.ts'
import { bytes, contend, forever, keepsContract, readAll } from '../../helpers/log-contract.ts'
import { TcpProxy } from '../../helpers/tcp-proxy.ts'
import { retried } from '../streams/retried.ts'
import { PostgresPair } from './postgres-pair.ts'

let pair: PostgresPair

test.before(async () => {
  pair = await PostgresPair.start()
})
test.after.always(async () => pair.close())

async function newLog(name: string): Promise<PostgresLog> {
  const log = new PostgresLog(pair.bothUrl, name)
  await log.create()
  return log
}

const barrier = (): Uint8Array => bytes('barrier')

test.serial('the log in PostgreSQL with a synchronous standby keeps the contract', async t => {
  const open = [await newLog('contract')]
  const connect = (): PostgresLog => {
    const log = new PostgresLog(pair.bothUrl, 'contract')
    open.push(log)
    return log
  }
  await keepsContract(t, { connect, close: () => Promise.resolve() })
  for (const log of open) await log.close()
})

test.serial('a role that is set to commit without waiting waits all the same', async t => {
  await pair.admin('ALTER ROLE couchette SET synchronous_commit = off')
  const log = await newLog('eager')
  await pair.kill('standby')
  const appending = log.append(0, bytes('one'))
  await waitFor()
  await pair.up('standby')
  t.is((await appending).kind, 'appended')
  await pair.admin('ALTER ROLE couchette RESET synchronous_commit')
  await log.close()
})

test.serial('connections that are cut lose no acknowledged entry', async t => {
  await (await newLog('cuts')).close()
  const proxy = await TcpProxy.start(pair.ports.primary)
  const url = `postgres://couchette@127.0.0.1:${proxy.port}/postgres`
  const writers = ['x', 'y', 'z']
  const logs = writers.map(() => new PostgresLog(url, 'cuts'))
  const appended = await Promise.all(
    writers.map((writer, index) => contendThroughFailures(cutting(logs[index]!, proxy), writer, 12)),
  )
  const reader = new PostgresLog(pair.bothUrl, 'cuts')
  const all = await readAll(reader)
  for (const mine of appended)
    t.deepEqual(
      all.filter(entry => mine.includes(entry)),
      mine,
    )
  for (const log of [...logs, reader]) await log.close()
  await proxy.close()
})

test.serial('an emptied table and one that was restored from an older copy are seen', async t => {
  const log = await newLog('restored')
  for (let n = 0; n < 6; n++) t.is((await log.append(n, bytes(`${n}`))).kind, 'appended')
  await pair.admin('DELETE FROM couchette_log_restored WHERE position > 4')
  await t.throwsAsync(log.read(7), { instanceOf: LogSetBackError, message: /ends at position 4/ })
  t.deepEqual(await log.append(6, bytes('6')), { kind: 'conflict' })
  await pair.admin('TRUNCATE couchette_log_restored')
  await t.throwsAsync(log.read(7), { instanceOf: LogSetBackError, message: /ends at position 0/ })
  t.deepEqual(await log.append(6, bytes('6')), { kind: 'conflict' })
  await log.close()
})

test.serial(
  'a row that is not on the standby is settled, and gone after a failover no one was told of it',
  async t => {
    const log = await newLog('failover')
    t.is((await log.append(0, bytes('one'))).kind, 'appended')
    await pair.kill('standby')
    let isUp: Promise<void> | undefined
    const settling = appendSettled(log, 1, bytes('two'), {
      barrier,
      signal: forever,
      onUnknown: () => {
        t.is(log.acknowledged, 1)
        // The standby that comes back gets the row, and the barrier behind it is acknowledged.
        isUp ??= readAll(log).then(async found => {
          t.deepEqual(found, ['one', 'two'], 'the row is read all the same')
          await pair.up('standby')
        })
      },
    })
    await cancelWait()
    t.deepEqual(await settling, { kind: 'appended', position: 3 })
    await isUp
    t.is(log.acknowledged, 3)

    // What the standby lacks is nowhere when it leads. Its writer was told of nothing.
    await pair.kill('standby')
    const lost = log.append(3, bytes('lost'))
    await waitFor()
    await pair.kill('primary')
    t.is((await lost).kind, 'unknown')
    await pair.up('standby')
    await pair.promote()
    const after = await appendSettled(log, 3, bytes('after'), { barrier, signal: forever })
    t.deepEqual(after, { kind: 'appended', position: 4 })
    t.deepEqual(await readAll(log), ['one', 'two', 'barrier', 'after'])
    await log.close()
  },
)

const WAITING = `FROM pg_stat_activity WHERE wait_event = 'SyncRep'`

/** Returns when a commit waits for the standby. */
async function waitFor(what = '1'): Promise<void> {
  await retried(async () => {
    const waiting = await pair.admin(`SELECT ${what} ${WAITING}`)
    if (waiting.length === 0) throw new Error('nobody waits for the standby yet')
  })
}

/** Ends the wait of a commit, as an administrator may do while the standby is gone: it succeeds with a warning. */
function cancelWait(): Promise<void> {
  return waitFor('pg_cancel_backend(pid)')
}

/** Cuts all connections while every fourth entry is on its way. */
function cutting(log: ReplicatedLog, proxy: TcpProxy): ReplicatedLog {
  let count = 0
  const append = (expected: number, entry: Uint8Array): Promise<Appended> => {
    const appending = log.append(expected, entry)
    if ((count += 1) % 4 === 0) {
      proxy.cut()
      proxy.mend()
    }
    return appending
  }
  return Object.assign(Object.create(log) as ReplicatedLog, {
    append,
    read: (from: number) => log.read(from),
  })
}

/** Goes on where the log could not be read either. */
async function contendThroughFailures(
  log: Parameters<typeof contend>[0],
  name: string,
  count: number,
): Promise<string[]> {
  const mine: string[] = []
  for (let part = 0; mine.length < count; part++) {
    mine.push(...(await contend(log, `${name}${part}`, 1).catch(() => [])))
  }
  return mine
}
