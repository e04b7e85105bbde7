import test from 'ava'
import nano from 'nano'
import type { DocumentScope, MaybeDocument } from 'nano'
import { eventually } from '../helpers/eventually.ts'
import { startServer } from '../helpers/server.ts'

interface Note extends MaybeDocument {
  readonly text: string
}

interface World {
  readonly server: nano.ServerScope
  readonly notes: DocumentScope<Note>
}

async function withNano(use: (world: World) => Promise<void>): Promise<void> {
  const { url, close } = await startServer()
  try {
    const server = nano(url)
    await server.db.create('notes')
    await use({ server, notes: server.use<Note>('notes') })
  } finally {
    await close()
  }
}

test('nano makes, lists and destroys databases', async t => {
  await withNano(async ({ server }) => {
    await server.db.create('second')
    const names = await server.db.list()
    t.true(names.includes('notes') && names.includes('second'))
    t.is((await server.db.get('second')).doc_count, 0)
    await server.db.destroy('second')
    await t.throwsAsync(server.db.get('second'), { message: 'Database does not exist.' })
    const uuids = await server.uuids(3)
    t.is(new Set(uuids.uuids).size, 3)
  })
})

test('nano writes, reads, heads and removes a document', async t => {
  await withNano(async ({ notes }) => {
    const { rev } = await notes.insert({ text: 'first' }, 'one')
    t.like(await notes.get('one'), { _id: 'one', _rev: rev, text: 'first' })
    t.is((await notes.head('one'))['etag'], `"${rev}"`)
    await t.throwsAsync(notes.insert({ text: 'again' }, 'one'), { message: 'Document update conflict.' })
    const second = await notes.insert({ _id: 'one', _rev: rev, text: 'second' })
    await notes.destroy('one', second.rev)
    await t.throwsAsync(notes.get('one'), { message: 'deleted' })
  })
})

test('nano writes in bulk, lists and fetches', async t => {
  await withNano(async ({ notes }) => {
    const docs = Array.from({ length: 100 }, (_, i) => ({
      _id: `n${String(i).padStart(3, '0')}`,
      text: `${i}`,
    }))
    const rows = await notes.bulk({ docs })
    t.true(rows.every(({ error }) => error === undefined))
    const listed = await notes.list({ startkey: 'n010', endkey: 'n019', include_docs: true })
    t.deepEqual(
      listed.rows.map(({ doc }) => doc?.text),
      Array.from({ length: 10 }, (_, i) => `${10 + i}`),
    )
    const fetched = await notes.fetch({ keys: ['n099', 'nowhere'] })
    t.like(fetched.rows[0], { id: 'n099' })
    t.like(fetched.rows[1], { key: 'nowhere', error: 'not_found' })
  })
})

test('nano reads changes, and its reader follows them', async t => {
  await withNano(async ({ notes }) => {
    await notes.insert({ text: 'before' }, 'before')
    const { results } = await notes.changes({ since: '0', include_docs: true })
    t.deepEqual(
      results.map(({ id }) => id),
      ['before'],
    )
    const seen: string[] = []
    notes.changesReader
      .start({ since: '0', wait: false, timeout: 5000 })
      .on('change', ({ id }: { id: string }) => seen.push(id))
      .on('error', () => {}) // nano tells of the request that stop() ends as an error
    await notes.insert({ text: 'after' }, 'after')
    await eventually('both changes', () => seen.length === 2)
    notes.changesReader.stop()
    t.deepEqual(seen, ['before', 'after'])
  })
})

test('nano stores and reads attachments', async t => {
  await withNano(async ({ notes }) => {
    const bytes = Buffer.from([0, 255, 1, 254, 2])
    await notes.attachment.insert('paper', 'scan.bin', bytes, 'application/octet-stream')
    t.deepEqual(await notes.attachment.get('paper', 'scan.bin'), bytes)
  })
})

test('nano has the server replicate', async t => {
  await withNano(async ({ server, notes }) => {
    await notes.insert({ text: 'to be copied' }, 'one')
    await server.db.replicate('notes', 'copy', { create_target: true })
    t.is((await server.use<Note>('copy').get('one')).text, 'to be copied')
  })
})
