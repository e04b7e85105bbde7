import test, { type ExecutionContext } from 'ava'
import { Config } from '../../../server/config/config.ts'
import { Uuids } from '../../../server/node/uuids.ts'

async function make(t: ExecutionContext, settings: Record<string, string>, count: number): Promise<string[]> {
  const config = await Config.open({
    flags: {
      settings: [
        { section: 'admins', key: 'a', value: `-hashed-${'a'.repeat(40)},s` },
        ...Object.entries(settings).map(([key, value]) => ({ section: 'uuids', key, value })),
      ],
    },
  })
  t.teardown(() => config.close())
  const uuids = new Uuids(config)
  return Array.from({ length: count }, () => uuids.next())
}

test('sequential ids ascend below one prefix until its numbers are used up', async t => {
  const ids = await make(t, {}, 20_000)
  t.is(new Set(ids).size, ids.length)
  t.true(ids.every(id => /^[0-9a-f]{32}$/.test(id)))
  const prefixes = [...new Set(ids.map(id => id.slice(0, 26)))]
  t.true(prefixes.length >= 2 && prefixes.length <= 6)
  const first = ids.filter(id => id.startsWith(prefixes[0] ?? ''))
  t.deepEqual(first, first.toSorted())
})

test('ids of utc_id begin with the time and end with the suffix', async t => {
  const [id = ''] = await make(t, { algorithm: 'utc_id', utc_id_suffix: 'here' }, 1)
  t.regex(id, /^[0-9a-f]{14}here$/)
  t.true(Math.abs(parseInt(id.slice(0, 14), 16) / 1000 - Date.now()) < 60_000)
})

test('ids of utc_id differ however fast they are made, and ascend', async t => {
  const ids = await make(t, { algorithm: 'utc_id', utc_id_suffix: 'here' }, 1000)
  t.is(new Set(ids).size, ids.length)
  t.deepEqual(ids, ids.toSorted())
})

test('random ids have nothing in common', async t => {
  for (const algorithm of ['random', 'utc_random']) {
    const ids = await make(t, { algorithm }, 100)
    t.is(new Set(ids).size, 100)
    t.true(ids.every(id => /^[0-9a-f]{32}$/.test(id)))
  }
})
