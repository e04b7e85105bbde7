import test from 'ava'
import { CompactionChannel, type CompactionTarget } from '../../../server/compaction/channel.ts'
import {
  type ChannelSettings,
  channelSettings,
  isInWindow,
} from '../../../server/compaction/channel-settings.ts'
import { compactionPriority } from '../../../server/compaction/priority.ts'
import { Config } from '../../../server/config/config.ts'

async function settingsOf(channel: string, values: Record<string, string>): Promise<ChannelSettings> {
  const settings = Object.entries(values).map(([key, value]) => ({
    section: `smoosh.${channel}`,
    key,
    value,
  }))
  const config = await Config.open({ flags: { settings }, env: { COUCHDB_PASSWORD: 'x' } })
  return channelSettings(config, channel)
}

const MIB = 1024 * 1024

test('a channel takes what its rule asks for', async t => {
  const ratio = await settingsOf('ratio_dbs', {})
  t.is(compactionPriority(ratio, { file: 10 * MIB, active: 2 * MIB }), 5)
  t.is(compactionPriority(ratio, { file: 4 * MIB, active: 2 * MIB }), 0)
  t.is(compactionPriority(ratio, { file: MIB, active: 1 }), 0)
  t.is(compactionPriority(ratio, { file: 2 * MIB, active: 0 }), 2)
  const slack = await settingsOf('slack_dbs', {})
  t.is(compactionPriority(slack, { file: 600 * MIB, active: 500 * MIB }), 0)
  t.is(compactionPriority(slack, { file: 1100 * MIB, active: 500 * MIB }), 600 * MIB)
  t.is(compactionPriority(await settingsOf('upgrade_dbs', {}), { file: 100 * MIB, active: 1 }), 0)
  const own = await settingsOf('mine', {
    priority: 'slack',
    min_priority: '1000',
    max_size: '5000',
    min_size: '0',
  })
  t.is(compactionPriority(own, { file: 4000, active: 1000 }), 3000)
  t.is(compactionPriority(own, { file: 6000, active: 1000 }), 0)
})

test('a window may go over midnight', async t => {
  const night = await settingsOf('ratio_dbs', { from: '22:00', to: '06:00' })
  const day = await settingsOf('ratio_dbs', { from: '6:30', to: '24:00' })
  const always = await settingsOf('ratio_dbs', {})
  const minutes = [0, 5 * 60 + 59, 6 * 60, 6 * 60 + 30, 21 * 60 + 59, 22 * 60, 24 * 60 - 1]
  t.deepEqual(
    minutes.map(minute => isInWindow(night, minute)),
    [true, true, false, false, false, true, true],
  )
  t.deepEqual(
    minutes.map(minute => isInWindow(day, minute)),
    [false, false, false, true, true, true, true],
  )
  t.true(minutes.every(minute => isInWindow(always, minute)))
})

test('the highest priority is first, so many run at a time, and what is beyond the capacity goes', async t => {
  const settings = { ...(await settingsOf('ratio_dbs', { concurrency: '1', capacity: '2' })) }
  const channel = new CompactionChannel(() => settings)
  const order: string[] = []
  const ends = new Map<string, () => void>()
  const target = (key: string): CompactionTarget => ({
    key,
    compact: () => {
      order.push(key)
      return new Promise(resolve => ends.set(key, resolve))
    },
  })
  channel.enqueue(target('a'), 3)
  for (const [key, priority] of Object.entries({ b: 4, c: 9, d: 5, a: 100 }))
    channel.enqueue(target(key), priority)
  t.deepEqual(channel.status, { active: 1, starting: 0, waiting: { size: 2, min: 5, max: 9 } })
  for (const key of ['a', 'c', 'd']) {
    ends.get(key)?.()
    await new Promise(resolve => setImmediate(resolve))
  }
  t.deepEqual(order, ['a', 'c', 'd'])
  t.deepEqual(channel.status, { active: 0, starting: 0, waiting: { size: 0, min: 0, max: 0 } })
  await channel.close()
})

test('outside of its window a channel queues and does not compact, and its closing stops what runs', async t => {
  const settings = await settingsOf('ratio_dbs', { from: '22:00', to: '06:00' })
  let now = new Date('2026-01-01T12:00:00Z')
  const channel = new CompactionChannel(
    () => settings,
    () => now,
  )
  const stopped: string[] = []
  const target = (key: string): CompactionTarget => ({
    key,
    compact: signal =>
      new Promise(resolve =>
        signal.addEventListener('abort', () => {
          stopped.push(key)
          resolve()
        }),
      ),
  })
  channel.enqueue(target('a'), 3)
  t.like(channel.status, { active: 0, waiting: { size: 1 } })
  now = new Date('2026-01-01T23:00:00Z')
  channel.enqueue(target('b'), 9)
  t.like(channel.status, { active: 1, waiting: { size: 1 } })
  await channel.close()
  t.deepEqual(stopped, ['b'])
})
