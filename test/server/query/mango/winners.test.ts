import test from 'ava'
import { parseDocId } from '../../../../protocol/document-id.ts'
import { readWinners } from '../../../../server/query/mango/winners.ts'
import { compact } from '../../../helpers/compact.ts'
import { memoryDatabase } from '../../../helpers/memory-database.ts'
import { write } from '../../../helpers/write.ts'

test('a document that is edited and compacted while it is looked for is found as it is then', async t => {
  const { database, close } = await memoryDatabase()
  const id = parseDocId('ann')
  const [first] = await write(database, [{ _id: id, n: 1 }])
  const summary = database.document(id)
  const [second] = await write(database, [{ _id: id, _rev: first?.rev, n: 2 }])
  await compact(database)
  const [found] = await readWinners(database, [{ id, summary }], false)
  t.is(found?.rev, second?.rev)
  t.is(Buffer.from(found?.body ?? []).toString(), '{"n":2}')

  await write(database, [{ _id: id, _rev: second?.rev, _deleted: true }])
  t.deepEqual(await readWinners(database, [{ id, summary }], false), [undefined])
  await close()
})
