import test from 'ava'
import { firstPart } from '../../replicator/streams/first-part.ts'

const HEAD = '--b\r\ncontent-type: application/json\r\n\r\n'

test('the document of a multipart answer is read, and its attachments are not', async t => {
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${HEAD}{"a"`)
    yield Buffer.from(':1}\r\n--b\r\n\r\n')
    throw new Error('read on')
  }
  const opened = {
    kind: 'multipart',
    rev: '1-a',
    contentType: 'multipart/related; boundary=b',
    body: body(),
  } as const
  t.is(Buffer.from(await firstPart(opened)).toString(), '{"a":1}')
})

test('a document of a multipart answer that never ends is given up', async t => {
  let given = 0
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(HEAD)
    for (const piece = Buffer.alloc(1024 * 1024, 'x'); ; given++) yield piece
  }
  const opened = {
    kind: 'multipart',
    rev: '1-a',
    contentType: 'multipart/related; boundary=b',
    body: body(),
  } as const
  await t.throwsAsync(firstPart(opened), { name: 'PeerError' })
  t.true(given < 100, `${given} MiB were read`)
})
