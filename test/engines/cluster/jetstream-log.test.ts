import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import test from 'ava'
import { LogRefusedError, LogSetBackError } from '../../../server/cluster/log/contract.ts'
import { streamConfig, streamNames } from '../../../server/cluster/log/jetstream-stream.ts'
import { openLog } from '../../../server/cluster/log/open-log.ts'
import { bytes, contend, forgetful, keepsContract, readAll } from '../../helpers/log-contract.ts'
import { retried } from '../streams/retried.ts'
import { NatsCluster } from './nats-cluster.ts'

let nats: NatsCluster
let count = 0

test.before(async () => {
  nats = await NatsCluster.start()
})
test.after.always(async () => nats.close())

/** An empty log of its own. */
async function newLog(): Promise<string> {
  const name = `log${(count += 1)}`
  const log = await openLog(nats.url, name)
  if (!(await log.create()) || (await log.create())) throw new Error('a log is made once')
  await log.close()
  return name
}

test.serial('the log in JetStream keeps the contract', async t => {
  const name = await newLog()
  const open: { close(): Promise<void> }[] = []
  const logs = await Promise.all(Array.from({ length: 5 }, () => openLog(nats.url, name)))
  const connect = (): (typeof logs)[number] => {
    const log = logs.pop()!
    open.push(log)
    return log
  }
  t.teardown(async () => {
    for (const log of open) await log.close()
  })
  await keepsContract(t, { connect, close: () => Promise.resolve() })
})

test.serial('no acknowledged entry is missing when servers are killed under contending writers', async t => {
  const name = await newLog()
  const writers = ['x', 'y', 'z']
  const logs = await Promise.all(writers.map(() => openLog(nats.url, name)))
  let isDone = false
  const killing = (async () => {
    for (let index = 0; !isDone; index = (index + 1) % 3) {
      await nats.kill(index)
      await nats.up(index)
      await nats.ready(3)
    }
  })()
  const appended = await Promise.all(
    writers.map((writer, index) => contend(forgetful(logs[index]!), writer, 40)),
  )
  isDone = true
  await killing
  const reader = await openLog(nats.url, name)
  const all = await retried(async () => {
    const found = await readAll(reader)
    for (const mine of appended) if (!found.includes(mine.at(-1)!)) throw new Error('not all is read yet')
    return found
  })
  for (const mine of appended) {
    const kept = all.filter(entry => mine.includes(entry))
    t.deepEqual(kept, mine, 'each acknowledged entry is there once, in order')
  }
  for (const log of [...logs, reader]) await log.close()
})

test.serial('a stream that may lose entries is refused with a sentence', async t => {
  const connection = await connect({ servers: nats.addresses })
  const manager = await jetstreamManager(connection)
  const cases: [Partial<StreamConfig>, RegExp][] = [
    [{ num_replicas: 1 }, /1 replica on a clustered server/],
    [{ storage: 'memory' }, /storage is memory/],
    [{ retention: 'interest' }, /retention is interest/],
    [{ discard: 'old' }, /discard policy is old/],
    [{ max_age: 60e9 }, /max_age/],
    [{ max_msgs_per_subject: 5 }, /max_msgs_per_subject/],
    [{ deny_delete: false }, /deny_delete/],
    [{ allow_rollup_hdrs: true }, /allow_rollup_hdrs/],
    [{ allow_msg_ttl: true }, /allow_msg_ttl/],
    [{ subjects: ['couchette.log.NAME.>'] }, /subjects are/],
    [{ allow_direct: false }, /allow_direct/],
    [{ persist_mode: 'async', num_replicas: 1 }, /replica|persist_mode/],
  ]
  for (const [change, message] of cases) {
    const name = `log${(count += 1)}`
    const subjects = change.subjects?.map(subject => subject.replace('NAME', name))
    const config = { ...streamConfig(streamNames(name), 3), ...change, ...(subjects && { subjects }) }
    await manager.streams.add(config)
    const log = await openLog(nats.url, name)
    await t.throwsAsync(log.read(1), { instanceOf: LogRefusedError, message }, JSON.stringify(change))
    const appended = await log.append(0, bytes('one'))
    t.true(appended.kind === 'unknown' && message.test(appended.cause.message))
    await log.close()
    await manager.streams.delete(config.name)
  }
  await connection.close()
})

test.serial('a stream that was emptied or made again is seen', async t => {
  const name = await newLog()
  const log = await openLog(nats.url, name)
  for (let n = 0; n < 3; n++) t.is((await log.append(n, bytes(`${n}`))).kind, 'appended')
  const connection = await connect({ servers: nats.addresses })
  const manager = await jetstreamManager(connection)
  await manager.streams.delete(streamNames(name).stream)
  t.true(await log.create())
  await t.throwsAsync(log.read(4), { instanceOf: LogSetBackError, message: /ends at position 0/ })
  t.deepEqual(await log.append(3, bytes('3')), { kind: 'conflict' })
  await connection.close()
  await log.close()
})
