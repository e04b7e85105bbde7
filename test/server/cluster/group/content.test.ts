import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parseDatabaseName } from '../../../../protocol/database-name.ts'
import { createGenesis } from '../../../../server/cluster/group/log-head.ts'
import type { ReplicatedLog } from '../../../../server/cluster/log/contract.ts'
import { LevelLogEngine } from '../../../../server/cluster/log/level-log.ts'
import type { Database } from '../../../../server/database/database.ts'
import { openMemoryStore } from '../../../../server/storage/store.ts'
import { compact } from '../../../helpers/compact.ts'
import { contentsOf, dyingAfter, type GroupNode, groupNode } from '../../../helpers/group-node.ts'
import { tempDir } from '../../../helpers/temp.ts'
import { write } from '../../../helpers/write.ts'
import { logOver } from '../../../helpers/log-over.ts'

const NAME = parseDatabaseName('test')
/** Small, so that content has many pieces. */
const LIMIT = 20_000

function attached(bytes: Buffer): object {
  return {
    _attachments: { file: { content_type: 'application/octet-stream', data: bytes.toString('base64') } },
  }
}

/** Reads the attachment of a document from the files of a node. */
async function attachmentOf({ attachments }: GroupNode, database: Database, id: string): Promise<Buffer> {
  const [body] = await database.bodies([database.document(id as never)!.body])
  const chunks: Uint8Array[] = []
  for await (const bytes of await attachments.read(body!.attachments[0]!.content))
    chunks.push(Buffer.from(bytes))
  return Buffer.concat(chunks)
}

/** Returns the number of files that hold something. */
async function filesIn(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(
    entries.filter(entry => entry.isFile()).map(entry => stat(join(entry.parentPath, entry.name))),
  )
  return sizes.filter(({ size }) => size > 0).length
}

/** Shows a log up to a position. */
function upTo(log: ReplicatedLog, position: () => number): ReplicatedLog {
  return logOver(log, {
    get acknowledged() {
      return Math.min(log.acknowledged, position())
    },
    read: async from => (await log.read(from)).filter(entry => entry.position <= position()),
  })
}

test('large attachments are in the log before their commit, and on each node', async t => {
  const dirs = await Promise.all(['a', 'b', 'c', 'd'].map(() => tempDir()))
  const [a, b, c, d] = dirs.map(({ path }) => path) as [string, string, string, string]
  const engine = await LevelLogEngine.open()
  await createGenesis(engine.connect(), 'test')
  const leader = await groupNode(engine.connect(LIMIT), 'leader', { directory: a })
  const follower = await groupNode(engine.connect(LIMIT), 'follower', { directory: b })
  t.true(await leader.group.lead(leader.catalog))
  const here = await leader.catalog.create(NAME, { partitioned: false })
  const bytes = randomBytes(500_000)
  const before = engine.last
  await write(here, [{ _id: 'doc', ...attached(bytes) }])
  t.true(engine.last > before + 25, 'the content went in pieces')
  await follower.catchUp()
  const there = await follower.catalog.open(NAME)
  t.true((await attachmentOf(follower, there, 'doc')).equals(bytes))
  t.deepEqual(await contentsOf(follower.store, 1), await contentsOf(leader.store, 1))
  const stored = engine.last
  await write(here, [{ _id: 'again', ...attached(bytes) }])
  t.is(engine.last, stored + 1, 'content that others have is not sent again')

  // A follower that restarts in the midst of it.
  const store = await openMemoryStore()
  let position = before + 7
  const late = (): Promise<GroupNode> =>
    groupNode(
      upTo(engine.connect(LIMIT), () => position),
      'late',
      { directory: c, store },
    )
  const first = await late()
  await first.catchUp()
  t.is(first.group.position, position)
  await first.close()
  position = Infinity
  const second = await late()
  t.true(second.group.position <= before, 'it reads the content again')
  await second.catchUp()
  t.is(second.group.position, engine.last)
  t.true((await attachmentOf(second, await second.catalog.open(NAME), 'doc')).equals(bytes))
  await second.attachments.cleaned()
  t.is(await filesIn(c), 1, 'nothing is left of the first attempt')

  // What nothing refers to any more is removed on each node, and goes with the next commit that refers to it.
  for (const id of ['doc', 'again'])
    await write(here, [{ _id: id, _rev: here.document(id as never)?.rev, _deleted: true }])
  await compact(here)
  await follower.catchUp()
  await second.catchUp()
  for (const directory of [a, b, c]) t.is(await filesIn(directory), 0)
  await write(here, [{ _id: 'back', ...attached(bytes) }])
  for (const node of [follower, second]) {
    await node.catchUp()
    t.true((await attachmentOf(node, await node.catalog.open(NAME), 'back')).equals(bytes))
  }

  // A leader that dies before the commit: what it sent is void.
  const dying = await groupNode(dyingAfter(engine.connect(LIMIT), 6), 'dying', { directory: d })
  await dying.catchUp()
  t.true(await dying.group.lead(dying.catalog))
  const lost = await dying.catalog.open(NAME)
  await t.throwsAsync(write(lost, [{ _id: 'void', ...attached(randomBytes(200_000)) }]), { message: /died/ })
  await follower.catchUp()
  t.true(await follower.group.lead(follower.catalog))
  await write(there, [{ _id: 'next', ...attached(randomBytes(40_000)) }])
  await second.catchUp()
  t.is(second.group.position, engine.last)
  for (const directory of [b, c]) t.is(await filesIn(directory), 2)
  t.deepEqual(await contentsOf(second.store, 1), await contentsOf(follower.store, 1))

  for (const node of [leader, follower, second, dying]) await node.close()
  await engine.close()
  await store.close()
  for (const dir of dirs) await dir.remove()
})
