import { randomBytes } from 'node:crypto'
import test from 'ava'
import { asDatabaseName } from '../../../../protocol/database-name.ts'
import { entryCipher } from '../../../../server/cluster/entry/entry-cipher.ts'
import { createGenesis } from '../../../../server/cluster/group/log-head.ts'
import { LevelLogEngine } from '../../../../server/cluster/log/level-log.ts'
import { parseMasterKey } from '../../../../server/storage/encryption/master-key.ts'
import { contentsOf, dyingAfter, groupNode } from '../../../helpers/group-node.ts'
import { write } from '../../../helpers/write.ts'

const NAME = asDatabaseName('test')
const LIMIT = 700
const cipher = entryCipher({ current: parseMasterKey(randomBytes(32).toString('hex'))! })

const large = { text: 'secret '.repeat(1000) }

test('what is larger than the engine takes goes in pieces, encrypted; a run without an end is void', async t => {
  const engine = await LevelLogEngine.open()
  await createGenesis(engine.connect(), 'test', [{ section: 'a', key: 'b', value: 'secret' }], cipher)
  const follower = await groupNode(engine.connect(LIMIT), 'follower', { cipher })
  const first = await groupNode(engine.connect(LIMIT), 'first', { cipher })
  t.true(await first.group.lead(first.catalog))
  const here = await first.catalog.create(NAME, { partitioned: false })
  const before = first.group.position
  await write(here, [{ _id: 'large', ...large }])
  t.true(first.group.position > before + 10, 'the entry was cut')
  await follower.catchUp()
  t.is(follower.group.position, first.group.position)
  const number = here.record.number
  t.deepEqual(await contentsOf(follower.store, number), await contentsOf(first.store, number))

  for (const appends of [2, 5]) {
    const dying = await groupNode(dyingAfter(engine.connect(LIMIT), appends), 'dying', { cipher })
    await dying.catchUp()
    t.true(await dying.group.lead(dying.catalog))
    const begun = dying.group.position
    const there = await dying.catalog.open(NAME)
    await t.throwsAsync(write(there, [{ _id: `void${appends}`, ...large }]), { message: /died/ })
    t.is(engine.last, begun + appends - 1, 'the run was begun')
    // A follower that restarts within the run, and one that goes on, see the same.
    await follower.catchUp()
    await dying.close()
    const next = await groupNode(engine.connect(LIMIT), 'next', { cipher })
    await next.catchUp()
    t.true(await next.group.lead(next.catalog))
    await write(await next.catalog.open(NAME), [{ _id: `kept${appends}`, ...large }])
    await follower.catchUp()
    t.is(follower.group.position, next.group.position)
    t.deepEqual(await contentsOf(follower.store, number), await contentsOf(next.store, number))
    const opened = await follower.catalog.open(NAME)
    t.is(opened.document(`void${appends}` as never), undefined)
    t.not(opened.document(`kept${appends}` as never), undefined)
    await next.close()
  }

  const reader = engine.connect()
  for (let at = 1; at <= engine.last;) {
    for (const { position, bytes } of await reader.read(at)) {
      t.true(position === 1 || bytes.length <= LIMIT)
      const text = Buffer.from(bytes).toString('latin1')
      for (const clear of ['secret', 'large', 'follower', 'http://', NAME]) t.false(text.includes(clear))
      at = position + 1
    }
  }
  await first.close()
  await follower.close()
  await engine.close()
})
