import test from 'ava'
import { boundaryOf, parseMediaType } from '../../../protocol/multipart/content-type.ts'
import { NestedMultipartParser } from '../../helpers/nested-multipart.ts'
import { relatedContentType, relatedLength } from '../../../protocol/multipart/related.ts'
import {
  writeMixed,
  writeRelated,
  type AttachmentSource,
  type MixedPart,
} from '../../../protocol/multipart/writer.ts'

function source(name: string, text: string, contentType = 'text/plain', encoding?: 'gzip'): AttachmentSource {
  const bytes = Buffer.from(text)
  return {
    name,
    contentType,
    encoding,
    length: bytes.length,
    open: () => [bytes.subarray(0, 1), bytes.subarray(1)],
  }
}

async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

/** Each event as a short text, with slices of one body joined. */
function outline(boundary: string, bytes: Buffer, pieceLength: number): string[] {
  const parser = new NestedMultipartParser(boundary)
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += pieceLength) {
    for (const event of parser.push(bytes.subarray(at, at + pieceLength))) {
      const last = lines.at(-1)
      if (event.kind === 'headers')
        lines.push(`${event.depth} headers ${event.headers.get('content-type') ?? ''}`)
      else if (event.kind !== 'body') lines.push(`${event.depth} ${event.kind}`)
      else if (last?.startsWith(`${event.depth} body`))
        lines[lines.length - 1] += event.bytes.toString('latin1')
      else lines.push(`${event.depth} body ${event.bytes.toString('latin1')}`)
    }
  }
  parser.finish()
  return lines
}

const JSON_BYTES = Buffer.from('{"_id":"é"}')

test('a related body is written as CouchDB writes it', async t => {
  const body = await gather(
    writeRelated('B', JSON_BYTES, [source('a', 'aa'), source('z', 'zz', 'x/y', 'gzip')]),
  )
  t.is(
    body.toString(),
    '--B\r\nContent-Type: application/json\r\n\r\n{"_id":"é"}\r\n--B' +
      '\r\nContent-Disposition: attachment; filename="a"\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\naa\r\n--B' +
      '\r\nContent-Disposition: attachment; filename="z"\r\nContent-Type: x/y\r\nContent-Length: 2' +
      '\r\nContent-Encoding: gzip\r\n\r\nzz\r\n--B--',
  )
})

test('the length of a related body is told beforehand, to the byte', async t => {
  const parts = [
    source('é€ "quoted"\r\nx: y', 'content'),
    source('', ''),
    source('z', 'zz', 'é/é\r\nx: y', 'gzip'),
  ]
  const body = await gather(writeRelated('b-0', JSON_BYTES, parts))
  t.is(relatedLength('b-0', JSON_BYTES.length, parts), body.length)
  t.is(
    relatedLength('b-0', JSON_BYTES.length, []),
    (await gather(writeRelated('b-0', JSON_BYTES, []))).length,
  )
})

test('a name or type with line ends and quotes adds no header', async t => {
  const part = source('a"\r\nx-evil: 1\r\n\r\n', 'body', 'text/plain\r\nx-evil: 2')
  const parser = new NestedMultipartParser('B')
  const events = parser.push(await gather(writeRelated('B', JSON_BYTES, [part])))
  const heads = events.flatMap(event => (event.kind === 'headers' ? [event.headers] : []))
  t.is(heads.length, 2)
  t.deepEqual([...heads[1]!.keys()], ['content-disposition', 'content-type', 'content-length'])
})

test('mixed bodies with related parts inside are read back, whatever the pieces', async t => {
  const parts: MixedPart[] = [
    {
      headers: [`Content-Type: ${relatedContentType('inner')}`],
      body: writeRelated('inner', JSON_BYTES, [source('a', 'alpha'), source('b', '\r\n--inne')]),
    },
    { headers: ['Content-Type: application/json; error="true"'], body: [Buffer.from('{"missing":"1-a"}')] },
  ]
  const body = await gather(writeMixed('outer', parts))
  for (let pieceLength = 1; pieceLength <= body.length; pieceLength++) {
    t.deepEqual(outline('outer', body, pieceLength), [
      '0 headers multipart/related; boundary="inner"',
      '1 headers application/json',
      `1 body ${JSON_BYTES.toString('latin1')}`,
      '1 part-end',
      '1 headers text/plain',
      '1 body alpha',
      '1 part-end',
      '1 headers text/plain',
      '1 body \r\n--inne',
      '1 part-end',
      '1 end',
      '0 part-end',
      '0 headers application/json; error="true"',
      '0 body {"missing":"1-a"}',
      '0 part-end',
      '0 end',
    ])
  }
})

test('a nested body that is not closed within its part is refused', t => {
  const parser = new NestedMultipartParser('o')
  const bytes = Buffer.from('--o\r\nContent-Type: multipart/related; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--o--')
  t.throws(() => parser.push(bytes), { message: /closing boundary/ })
})

test('bodies nested too deeply are refused', t => {
  const parser = new NestedMultipartParser('b0')
  const nested = [0, 1, 2, 3, 4, 5].map(
    n => `--b${n}\r\nContent-Type: multipart/mixed; boundary=b${n + 1}\r\n\r\n`,
  )
  t.throws(() => parser.push(Buffer.from(nested.join(''))), { message: /nested too deeply/ })
})

test('boundaries are read with and without quotes, and only from multipart types', t => {
  t.is(boundaryOf('multipart/related; boundary="a b\\"c"'), 'a b"c')
  t.is(boundaryOf('Multipart/Mixed;charset=utf-8; Boundary=abc ; x=y'), 'abc')
  t.is(boundaryOf('multipart/related'), undefined)
  t.is(boundaryOf('multipart/related; boundary='), undefined)
  t.is(boundaryOf('text/plain; boundary=abc'), undefined)
  t.is(boundaryOf(undefined), undefined)
  t.is(parseMediaType(' Text/HTML ; q=1').type, 'text/html')
})
