import test from 'ava'
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { IngestWorkers } from '../../../server/attachments/ingest/workers.ts'
import { LARGE, openAttachments, binary, text, commit, contentOf, pieces } from './open-attachments.ts'

for (const memory of [false, true]) {
  test(`content comes back from ${memory ? 'memory' : 'disk'}, whole and in ranges, large and small`, async t => {
    const opened = await openAttachments(t, { memory })
    for (const bytes of [Buffer.alloc(0), Buffer.from('small'), LARGE]) {
      const received = await opened.attachments.receive(binary(), pieces(bytes, 7001))
      await commit(opened, received)
      received.release()
      const { content, digest, length, encoding } = received.metadata
      t.is(digest, `md5-${createHash('md5').update(bytes).digest('base64')}`)
      t.is(length, bytes.length)
      t.is(encoding, undefined)
      t.deepEqual(await contentOf(await opened.attachments.read(content)), bytes)
      t.deepEqual(
        await contentOf(await opened.attachments.read(content, { from: 2, to: 4 })),
        bytes.subarray(2, 4),
      )
    }
  })
}

test('compressible types are stored as CouchDB stores them, byte for byte', async t => {
  const opened = await openAttachments(t)
  const received = await opened.attachments.receive(text(), [Buffer.from('hel'), Buffer.from('lo')])
  await commit(opened, received)
  received.release()
  const { digest, length, encoding, encodedLength, content } = received.metadata
  t.deepEqual(
    { digest, length, encoding, encodedLength },
    {
      digest: 'md5-iMaiC8wqiFlD2NjLTemvCQ==',
      length: 5,
      encoding: 'gzip',
      encodedLength: 25,
    },
  )
  t.is(
    (await contentOf(await opened.attachments.read(content))).toString('base64'),
    'H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==',
  )
  t.is((await contentOf(await opened.attachments.readDecoded(received.metadata))).toString(), 'hello')
})

test('large compressed content goes to a file and comes back', async t => {
  const opened = await openAttachments(t)
  const bytes = Buffer.from(Array.from({ length: 60_000 }, (_, n) => (n * n * 31) % 9973).join(' '))
  const received = await opened.attachments.receive(text(), pieces(bytes, 50_000))
  await commit(opened, received)
  const stored = await contentOf(await opened.attachments.read(received.metadata.content))
  t.is(received.metadata.encodedLength, stored.length)
  t.deepEqual(gunzipSync(stored), bytes)
  t.deepEqual(await contentOf(await opened.attachments.readDecoded(received.metadata)), bytes)
  received.release()
})

test('the pieces that compressible content comes in do not change what is stored', async t => {
  const { attachments } = await openAttachments(t)
  const bytes = Buffer.from(Array.from({ length: 30_000 }, (_, n) => (n * n * 31) % 997).join(' '))
  const digests = new Set<string>()
  for (const length of [bytes.length, 65_536, 4096, 1000]) {
    const received = await attachments.receive(text(), pieces(bytes, length))
    digests.add(received.metadata.digest)
    received.release()
  }
  t.is(digests.size, 1)
})

test('what comes encoded keeps its bytes, digest and lengths', async t => {
  const opened = await openAttachments(t)
  const bytes = Buffer.from('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', 'base64')
  const digest = Buffer.from('iMaiC8wqiFlD2NjLTemvCQ==', 'base64')
  const incoming = { name: 'z', contentType: 'text/plain', encoding: 'gzip', length: 5, digest } as const
  const received = await opened.attachments.receive(incoming, [bytes])
  received.release()
  t.like(received.metadata, {
    digest: 'md5-iMaiC8wqiFlD2NjLTemvCQ==',
    length: 5,
    encoding: 'gzip',
    encodedLength: 25,
  })
  const unknown = await opened.attachments.receive({ ...incoming, length: undefined, digest: undefined }, [
    bytes,
  ])
  unknown.release()
  t.like(unknown.metadata, { length: 25, encodedLength: 25 })
})

test('another digest than announced is refused and leaves nothing', async t => {
  const { attachments, files } = await openAttachments(t)
  const before = (await files()).length
  for (const incoming of [binary(), text()]) {
    const wrong = { ...incoming, digest: Buffer.alloc(16) }
    await t.throwsAsync(attachments.receive(wrong, [LARGE]), { message: /content_md5_mismatch/ })
    const right = { ...incoming, digest: createHash('md5').update(LARGE).digest() }
    ;(await attachments.receive(right, [LARGE])).release()
  }
  await attachments.close()
  t.is((await files()).length, before)
})

test('a thread that takes in attachments ends when it has been idle, and another takes the next', async t => {
  const workers = new IngestWorkers(10)
  t.teardown(() => workers.close())
  const options = { compressionLevel: undefined, file: undefined, inlineLimit: 1000, isShared: false }
  for (const turn of [1, 2]) {
    const job = workers.open(options, () => Promise.reject(new Error('no file is needed')))
    await job.write(Buffer.from(`turn ${turn}`), false)
    t.is(workers.size, 1)
    t.is((await job.finish()).storedLength, 6)
    for (let wait = 0; workers.size > 0 && wait < 1000; wait++) await sleep(10)
    t.is(workers.size, 0)
  }
})
