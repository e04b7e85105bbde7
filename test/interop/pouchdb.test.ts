import test from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { PouchDB, winnersOf, withPouch } from '../helpers/pouch.ts'
import type { Pouch } from '../helpers/pouch.ts'

test('PouchDB syncs both ways', async t => {
  await withPouch(async ({ remote, local }) => {
    const here = local()
    await here.bulkDocs(documents('here', 120))
    await remote.bulkDocs(documents('there', 150))
    const { push, pull } = await PouchDB.sync(here, remote)
    t.is(push.docs_written, 120)
    t.is(pull.docs_written, 150)
    t.is((await winnersOf(here)).length, 270)
    t.deepEqual(await winnersOf(here), await winnersOf(remote))
  })
})

test('a second replication of the same databases reads nothing again', async t => {
  await withPouch(async ({ remote, local }) => {
    const here = local()
    await here.bulkDocs(documents('here', 30))
    await PouchDB.replicate(here, remote)
    await PouchDB.replicate(remote, here)
    const again = [await PouchDB.replicate(here, remote), await PouchDB.replicate(remote, here)]
    t.deepEqual(
      again.map(({ docs_read, docs_written }) => ({ docs_read, docs_written })),
      [
        { docs_read: 0, docs_written: 0 },
        { docs_read: 0, docs_written: 0 },
      ],
    )
  })
})

test('two PouchDBs that are live meet through the node', async t => {
  await withPouch(async ({ remote, local }) => {
    const [one, two] = [local(), local()]
    const live = [one, two].map(pouch => PouchDB.sync(pouch, remote, { live: true, retry: true }))
    try {
      await one.put({ _id: 'from-one', text: 'hello' })
      await two.put({ _id: 'from-two', text: 'hello back' })
      await remote.put({ _id: 'from-the-node' })
      const all = ['from-one', 'from-the-node', 'from-two']
      await eventually('all three documents everywhere', async () => {
        const ids = await Promise.all([one, two, remote].map(idsOf))
        return ids.every(found => found.join() === all.join())
      })
      const { _rev = '' } = await two.get('from-one')
      await two.remove('from-one', _rev)
      await eventually('the deletion', async () => !(await idsOf(one)).includes('from-one'))
      t.deepEqual(await winnersOf(one), await winnersOf(remote))
    } finally {
      for (const sync of live) sync.cancel()
      await Promise.all(live)
    }
  })
})

test('both sides of a conflict have the same winner and the same conflicts', async t => {
  await withPouch(async ({ remote, local }) => {
    const here = local()
    const { rev } = await here.put({ _id: 'contested', edits: 0 })
    await PouchDB.sync(here, remote)
    await here.put({ _id: 'contested', _rev: rev, edited: 'here' })
    await remote.put({ _id: 'contested', _rev: rev, edited: 'there' })
    await PouchDB.sync(here, remote)
    const [a, b] = await Promise.all([here, remote].map(pouch => pouch.get('contested', { conflicts: true })))
    t.deepEqual(a, b)
    t.is(a?._conflicts?.length, 1)

    await here.remove('contested', a?._conflicts?.[0] ?? '')
    await PouchDB.sync(here, remote)
    t.is((await remote.get('contested', { conflicts: true }))._conflicts, undefined)
  })
})

test('a losing branch that is longer than the known one is replicated with its history', async t => {
  await withPouch(async ({ remote, local }) => {
    const here = local()
    let { rev } = await here.put({ _id: 'long', edit: 0 })
    await PouchDB.sync(here, remote)
    for (let edit = 1; edit < 12; edit++) ({ rev } = await here.put({ _id: 'long', _rev: rev, edit }))
    await PouchDB.sync(here, remote)
    const known = await remote.get('long', { revs: true })
    t.is(known._rev, rev)
    t.deepEqual(known['_revisions'], (await here.get('long', { revs: true }))['_revisions'])
  })
})

test('attachments arrive with the same bytes on the node and on a second PouchDB', async t => {
  await withPouch(async ({ remote, local }) => {
    const [one, two] = [local(), local()]
    const binary = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) % 256))
    const note = Buffer.from('a note\n'.repeat(200))
    const attachments = {
      'note.txt': { content_type: 'text/plain', data: note },
      'deep/bytes.bin': { content_type: 'application/octet-stream', data: binary },
    }
    await one.put({ _id: 'with-attachments', _attachments: attachments })
    await PouchDB.replicate(one, remote)
    await PouchDB.replicate(remote, two)
    for (const pouch of [remote, two]) {
      t.true(binary.equals(await pouch.getAttachment('with-attachments', 'deep/bytes.bin')))
      t.true(note.equals(await pouch.getAttachment('with-attachments', 'note.txt')))
    }
    t.deepEqual(await winnersOf(two), await winnersOf(one))
  })
})

test('ids with slashes, spaces, plus signs and letters of all scripts go both ways', async t => {
  await withPouch(async ({ remote, local }) => {
    const ids = [
      'a/b',
      'a b',
      'a+b',
      'a%2Fb',
      'ünïcödé',
      '日本語',
      '🙂',
      'quo"te',
      "apo'strophe",
      'x'.repeat(300),
    ]
    const [here, back] = [local(), local()]
    await here.bulkDocs(ids.map(_id => ({ _id, is: _id })))
    await PouchDB.replicate(here, remote)
    await PouchDB.replicate(remote, back)
    for (const id of ids) t.is((await remote.get(id))['is'], id)
    t.deepEqual(await winnersOf(back), await winnersOf(here))
  })
})

function documents(prefix: string, count: number): { _id: string; number: number }[] {
  return Array.from({ length: count }, (_, number) => ({ _id: `${prefix}-${number}`, number }))
}

async function idsOf(pouch: Pouch): Promise<string[]> {
  return (await pouch.allDocs()).rows.map(({ id }) => id)
}
