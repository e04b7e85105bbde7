import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseDatabaseName } from '../../../../protocol/database-name.ts'
import { parseDocId } from '../../../../protocol/document-id.ts'
import type { Rev } from '../../../../protocol/revision.ts'
import { findRev } from '../../../../protocol/revtree/history.ts'
import { SERVER } from '../../../../protocol/user-context.ts'
import { Attachments } from '../../../../server/attachments/attachments.ts'
import { Catalog } from '../../../../server/database/catalog.ts'
import type { Database } from '../../../../server/database/database.ts'
import { purge } from '../../../../server/database/maintenance/purge.ts'
import { putAttachment, removeAttachment } from '../../../../server/database/documents/write-attachment.ts'
import { STORAGE } from '../../../../server/database/storage-of.ts'
import { blobCheckRange } from '../../../../server/storage/attachment-keys.ts'
import { openStore } from '../../../../server/storage/store.ts'
import { tempDir } from '../../../helpers/temp.ts'

const BYTES = Buffer.alloc(100_000, 'content ')
const ID = parseDocId('doc')

interface World {
  readonly database: Database
  readonly attachments: Attachments
  readonly catalog: Catalog
}

async function open(t: ExecutionContext): Promise<World> {
  const dir = await tempDir()
  const store = await openStore(join(dir.path, 'store'))
  const attachments = await Attachments.open({
    store,
    directory: join(dir.path, 'attachments'),
    compressionLevel: () => undefined,
    maxSize: () => Infinity,
  })
  const catalog = new Catalog(store, attachments)
  t.teardown(async () => {
    await catalog.close()
    await attachments.close()
    await store.close()
    await dir.remove()
  })
  const database = await catalog.create(parseDatabaseName('db'), { partitioned: false })
  return { database, attachments, catalog }
}

function put(database: Database, rev?: Rev): Promise<Rev> {
  const incoming = {
    name: 'f',
    contentType: 'x/y',
    encoding: 'identity',
    announced: BYTES.length,
  } as const
  async function* bytes(): AsyncGenerator<Uint8Array> {
    // What is uploaded is handed over.
    yield* [Buffer.from(BYTES)]
  }
  return putAttachment(database, { id: ID, rev, user: () => SERVER }, incoming, bytes())
}

function bodyOf(database: Database, rev: Rev): number {
  const tree = database.document(ID)?.tree
  return tree === undefined ? 0 : (findRev(tree, rev)?.body ?? 0)
}

/** As compaction does: the bodies of revisions that are no leaves go, then what they alone referred to. */
async function removeInterior(database: Database): Promise<void> {
  await database.write({ kind: 'clear_interior', ids: [ID] })
  await database.releaseAttachments()
}

function contentOf(database: Database, rev: Rev): string {
  const [attachment] = database.attachmentsOf(bodyOf(database, rev))
  return attachment?.content ?? ''
}

async function isThere({ attachments }: World, content: string): Promise<boolean> {
  try {
    await (await attachments.read(content)).return()
    return true
  } catch {
    return false
  }
}

test('content goes when the last body that refers to it goes', async t => {
  const world = await open(t)
  const { database } = world
  const first = await put(database)
  const content = contentOf(database, first)
  const second = await put(database, first)
  t.is(contentOf(database, second), content)

  await removeInterior(database)
  t.is(bodyOf(database, first), 0)
  t.true(await isThere(world, content))
  await removeAttachment(database, { id: ID, rev: second, user: () => SERVER }, 'f')
  t.true(await isThere(world, content))
  await removeInterior(database)
  t.false(await isThere(world, content))
  t.deepEqual(await database[STORAGE].store.keys(blobCheckRange()).all(), [])
})

test('content stays for another database, and for who is reading it', async t => {
  const world = await open(t)
  const { database, attachments, catalog } = world
  const other = await catalog.create(parseDatabaseName('other'), { partitioned: false })
  const [rev] = await Promise.all([put(database), put(other)])
  const content = contentOf(database, rev)
  await purge(database, [{ id: ID, revs: [rev] }])
  t.true(await isThere(world, content))

  const reading = await attachments.read(content)
  await reading.next()
  await purge(other, [{ id: ID, revs: [rev] }])
  t.true(await isThere(world, content))
  await reading.return()
  await other.releaseAttachments()
  t.false(await isThere(world, content))
})
