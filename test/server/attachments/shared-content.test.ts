import test from 'ava'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compressibleTypes } from '../../../server/attachments/compressible.ts'
import { blobCheckKey, bodyReference, NO_DATABASE } from '../../../server/storage/attachment-keys.ts'
import { DatabaseKeys, KeySpace } from '../../../server/storage/keys.ts'
import {
  DATABASE,
  LARGE,
  NOTHING,
  openAttachments,
  binary,
  text,
  commit,
  contentOf,
  pieces,
} from './open-attachments.ts'

test('the same bytes are on disk once, whoever brings them, also at the same time', async t => {
  const opened = await openAttachments(t)
  const received = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      opened.attachments.receive(binary(`n${n}`), pieces(LARGE, 10_000 + n)),
    ),
  )
  for (const [n, one] of received.entries()) await commit(opened, one, n + 1, 1 + (n % 3))
  const again = await opened.attachments.receive(binary(), [LARGE])
  await commit(opened, again, 99)
  for (const one of [...received, again]) one.release()
  await opened.reopen()
  await opened.attachments.cleaned()
  t.is((await opened.files()).length, 1)
})

test('different bytes of the same MD5 are told apart', async t => {
  const opened = await openAttachments(t)
  for (const suffix of ['', LARGE.toString('latin1')]) {
    const [one, other] = COLLISION.map(hex => Buffer.concat([Buffer.from(hex, 'hex'), Buffer.from(suffix)]))
    const first = await opened.attachments.receive(binary(), [one!])
    await commit(opened, first, 1)
    first.release()
    const second = await opened.attachments.receive(binary(), [other!])
    await commit(opened, second, 2)
    const again = await opened.attachments.receive(binary(), [other!])
    again.release()
    second.release()
    t.is(second.metadata.digest, first.metadata.digest)
    t.is(again.metadata.content, second.metadata.content)
    t.deepEqual(await contentOf(await opened.attachments.read(first.metadata.content)), one)
    t.deepEqual(await contentOf(await opened.attachments.read(second.metadata.content)), other)
  }
})

/** Two texts of Wang, Feng, Lai and Yu (2004) with one MD5; what is appended to both keeps it so. */
const COLLISION = ['87', '07'].map((first, n) => {
  const [fourth, fifth, sixth, seventh, eighth] =
    n === 0 ? ['71', 'f2', 'b4', 'a8', '2b'] : ['f1', '72', '34', '28', 'ab']
  return (
    `d131dd02c5e6eec4693d9a0698aff95c2fcab5${first}12467eab4004583eb8fb7f89` +
    `55ad340609f4b30283e4888325${fourth}415a085125e8f7cdc99fd91dbd${fifth}80373c5b` +
    `d8823e3156348f5bae6dacd436c919c6dd53e2${sixth}87da03fd02396306d248cda0` +
    `e99f33420f577ee8ce54b67080${seventh}0d1ec69821bcb6a8839396f965${eighth}6ff72a70`
  )
})

test('an upload that breaks off leaves nothing behind', async t => {
  const { attachments, files } = await openAttachments(t)
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield LARGE
    await Promise.resolve()
    throw new Error('the client went away')
  }
  for (const incoming of [binary(), text()]) {
    await t.throwsAsync(attachments.receive(incoming, broken()), { message: 'the client went away' })
  }
  await attachments.close()
  t.deepEqual(await files(), [])
})

test('an upload whose document is not written leaves nothing behind', async t => {
  const { attachments, files } = await openAttachments(t)
  const received = await attachments.receive(binary(), [LARGE])
  received.release()
  await t.throwsAsync(attachments.read(received.metadata.content), { message: /missing/ })
  await attachments.close()
  t.deepEqual(await files(), [])
})

test('attachments larger than allowed are refused while they come', async t => {
  const { attachments, files } = await openAttachments(t, { maxSize: 1000 })
  let taken = 0
  function* endless(): Generator<Uint8Array> {
    for (;;) {
      taken += 100
      yield Buffer.alloc(100)
    }
  }
  const error = await t.throwsAsync(attachments.receive(binary('big'), endless()))
  t.like(error, { status: 413, error: 'attachment_too_large', reason: 'big' })
  t.is(taken, 1100)
  await attachments.close()
  t.deepEqual(await files(), [])
})

test('content without references is collected, but not while somebody reads it', async t => {
  const opened = await openAttachments(t)
  const { attachments, store } = opened
  const received = await attachments.receive(binary(), [LARGE])
  await commit(opened, received)
  received.release()
  const { content } = received.metadata

  await attachments.collect([content])
  t.deepEqual(await contentOf(await attachments.read(content)), LARGE)

  const reading = await attachments.read(content)
  await reading.next()
  await attachments.forgetDatabase(DATABASE)
  t.true(attachments.isInUse(content))
  await reading.return()
  await t.throwsAsync(attachments.read(content), { message: /missing/ })
  t.is(await store.get(blobCheckKey(NO_DATABASE, Buffer.from(content, 'base64url'))), undefined)
})

test('content that several databases refer to stays until the last is dropped', async t => {
  const opened = await openAttachments(t)
  const received = await opened.attachments.receive(binary(), [LARGE])
  await commit(opened, received, 1, 1)
  await commit(opened, received, 1, 2)
  received.release()
  const { content } = received.metadata
  await opened.attachments.forgetDatabase(1)
  t.deepEqual(await contentOf(await opened.attachments.read(content)), LARGE)
  await opened.attachments.forgetDatabase(2)
  await t.throwsAsync(opened.attachments.read(content), { message: /missing/ })
})

test('orphaned files and interrupted removals are cleaned up at the start', async t => {
  const opened = await openAttachments(t)
  const kept = await opened.attachments.receive(binary(), [LARGE])
  await commit(opened, kept)
  const lost = await opened.attachments.receive(binary(), [Buffer.alloc(200_000, 'lost')])
  await commit(opened, lost, 2)
  kept.release()
  lost.release()

  // As a crash between compaction and the removal leaves it: no reference, and a check that waits.
  const address = Buffer.from(lost.metadata.content, 'base64url')
  const reference = new DatabaseKeys(DATABASE).bytes(KeySpace.attachment, bodyReference(address, 2))
  await opened.store.batch().del(reference).put(blobCheckKey(DATABASE, address), NOTHING).write()
  const [file] = await opened.files()
  await writeFile(join(file!, '..', '0000000003ff'), 'orphan')

  const attachments = await opened.reopen()
  await attachments.cleaned()
  t.deepEqual(await contentOf(await attachments.read(kept.metadata.content)), LARGE)
  await t.throwsAsync(attachments.read(lost.metadata.content), { message: /missing/ })
  await attachments.close()
  t.is((await opened.files()).length, 1)
})

test('compressible types are matched as CouchDB matches them', t => {
  const matches = compressibleTypes(['text/*', 'application/xhtml+xml', ''])
  for (const type of ['text/plain', 'TEXT/html; charset=utf-8', ' text/x ', 'application/xhtml+xml'])
    t.true(matches(type), type)
  for (const type of ['image/png', 'application/xhtmlxml', 'x-text/plain', '']) t.false(matches(type), type)
  t.false(compressibleTypes([])('text/plain'))
})
