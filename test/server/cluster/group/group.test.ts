import test from 'ava'
import { asDatabaseName } from '../../../../protocol/database-name.ts'
import { createGenesis } from '../../../../server/cluster/group/log-head.ts'
import type { ReplicatedLog } from '../../../../server/cluster/log/contract.ts'
import { LevelLogEngine } from '../../../../server/cluster/log/level-log.ts'
import { compact } from '../../../helpers/compact.ts'
import { contentsOf, groupNode } from '../../../helpers/group-node.ts'
import { logOver } from '../../../helpers/log-over.ts'
import { write } from '../../../helpers/write.ts'

const NAME = asDatabaseName('test')

const small = { a: { content_type: 'text/plain', data: Buffer.from('small').toString('base64') } }

test('a follower equals its leader, and leads on at the same sequence; the deposed one is refused', async t => {
  const engine = await LevelLogEngine.open()
  await createGenesis(engine.connect(), 'test')
  const [a, b] = [await groupNode(engine.connect(), 'a'), await groupNode(engine.connect(), 'b')]
  await t.throwsAsync(a.catalog.create(NAME, { partitioned: false }), { message: /does not lead/ })
  t.true(await a.group.lead(a.catalog))
  const here = await a.catalog.create(NAME, { partitioned: false })
  await write(
    here,
    Array.from({ length: 30 }, (_, n) => ({ _id: `doc${n}`, n, _attachments: small })),
  )
  await write(here, [{ _id: 'doc1', _rev: here.document('doc1' as never)?.rev, _deleted: true }])
  await write(here, [{ _id: '_local/checkpoint', seq: 7 }])
  await here.setSecurity(Buffer.from('{"members":{"names":["ann"],"roles":[]}}'))
  await compact(here)
  await b.catchUp()
  const there = await b.catalog.open(NAME)
  t.is(b.group.position, a.group.position)
  t.is(there.seq, here.seq)
  t.deepEqual(there.security.members.names, ['ann'])
  t.deepEqual(await contentsOf(b.store, there.record.number), await contentsOf(a.store, here.record.number))
  t.deepEqual(
    b.commits.flatMap(({ changes }) => changes.map(({ seq, id }) => [seq, id])),
    a.commits.flatMap(({ changes }) => changes.map(({ seq, id }) => [seq, id])),
    'whoever follows commits is told the same',
  )

  t.true(await b.group.lead(b.catalog))
  for (let n = 0; n < 5; n++)
    await t.throwsAsync(write(here, [{ _id: `late${n}` }]), { message: /does not lead/ })
  await write(there, [{ _id: 'next' }])
  t.is(Number.parseInt(there.seq), Number.parseInt(here.seq) + 1)
  await a.catchUp()
  t.false(a.group.isLeader)
  t.is((await a.catalog.open(NAME)).seq, there.seq)
  t.deepEqual(await contentsOf(a.store, here.record.number), await contentsOf(b.store, here.record.number))

  await b.catalog.drop(NAME)
  await a.catchUp()
  t.false(await a.catalog.exists(NAME))
  await a.close()
  await b.close()
  await engine.close()
})

test('an entry of which nobody knows that it is durable is proven and applied by the next leader', async t => {
  const engine = await LevelLogEngine.open()
  await createGenesis(engine.connect(), 'test')
  const [a, b] = [
    await groupNode(engine.connect(), 'a'),
    await groupNode(unacknowledged(engine.connect()), 'b'),
  ]
  t.true(await a.group.lead(a.catalog))
  const here = await a.catalog.create(NAME, { partitioned: false })
  await write(here, [{ _id: 'last' }])
  await b.catchUp()
  t.is(b.group.position, a.group.position - 1, 'the last entry waits')
  t.true(await b.group.lead(b.catalog))
  t.is((await b.catalog.open(NAME)).seq, here.seq)
  t.deepEqual(b.group.place.leader, { node: 'b', url: 'http://b' })
  t.deepEqual(Object.keys(b.group.place.members), ['a', 'b'])
  await a.close()
  await b.close()
  await engine.close()
})

/** A log whose notifications are lost. */
function unacknowledged(log: ReplicatedLog): ReplicatedLog {
  return logOver(log, { acknowledged: 0 })
}
