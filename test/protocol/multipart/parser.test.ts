import test from 'ava'
import fc from 'fast-check'
import { CouchError } from '../../../protocol/errors.ts'
import { MultipartParser, type MultipartEvent } from '../../../protocol/multipart/parser.ts'

const SEED = 20240511

interface Part {
  headers: Record<string, string>
  body: string
}

/** Parts with whole bodies in latin1, and whether the closing boundary came. */
function read(boundary: string, chunks: Iterable<Uint8Array>): { parts: Part[]; ended: boolean } {
  const parser = new MultipartParser(boundary)
  const parts: Part[] = []
  const take = (event: MultipartEvent): void => {
    if (event.kind === 'headers') parts.push({ headers: Object.fromEntries(event.headers), body: '' })
    if (event.kind === 'body') parts.at(-1)!.body += event.bytes.toString('latin1')
  }
  for (const chunk of chunks) parser.push(chunk).forEach(take)
  return { parts, ended: parser.ended }
}

function write(boundary: string, parts: Part[], preamble = '', epilogue = ''): Buffer {
  const written = parts.map(({ headers, body }) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return `--${boundary}\r\n${lines.join('')}\r\n${body}\r\n`
  })
  return Buffer.from(`${preamble}${written.join('')}--${boundary}--${epilogue}`, 'latin1')
}

/** Pieces of the lengths given, over and over. */
function* cut(bytes: Buffer, lengths: number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!
    yield Buffer.from(bytes.subarray(at, at + length))
    at += length
  }
}

const SAMPLE: Part[] = [
  { headers: { 'content-type': 'application/json' }, body: '{"a":1}' },
  { headers: {}, body: '\r\n--abc12 is not the boundary\r\n--abc\r\n-' },
  { headers: { 'content-length': '0', 'x-long': 'y'.repeat(100) }, body: '' },
  { headers: { a: '' }, body: '\r\r\n\r\n--\r\n' },
]

test('a body split in two at any byte gives the same parts', t => {
  const bytes = write('abc123', SAMPLE, 'preamble\r\n', '\r\nepilogue --abc123')
  for (let at = 0; at <= bytes.length; at++) {
    const { parts, ended } = read('abc123', [bytes.subarray(0, at), bytes.subarray(at)])
    t.deepEqual(parts, SAMPLE)
    t.true(ended)
  }
})

test('a body split in three at any two bytes gives the same parts', t => {
  const parts: Part[] = [
    { headers: { k: 'v' }, body: 'x\r\n--a' },
    { headers: {}, body: '' },
  ]
  const bytes = write('ab', parts)
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
      t.deepEqual(read('ab', pieces), { parts, ended: true })
    }
  }
})

test('a body that comes byte by byte gives the same parts', t => {
  const bytes = write('abc123', SAMPLE)
  t.deepEqual(read('abc123', cut(bytes, [1])), { parts: SAMPLE, ended: true })
})

test('whatever the parts and the pieces, what was written is read', t => {
  const alphabet = fc.constantFrom('\r', '\n', '-', 'a', 'b', '\0', '\xff', '\r\n--', '\r\n--a')
  const body = fc.array(alphabet, { maxLength: 60 }).map(pieces => pieces.join(''))
  const name = fc.constantFrom('content-type', 'content-length', 'x', 'y-z')
  const headers = fc.dictionary(name, fc.constantFrom('', 'a: b', 'text/plain; charset="utf-8"'), {
    noNullPrototype: true,
  })
  const part = fc.record({ headers, body }, { noNullPrototype: true })
  const property = fc.property(
    fc.array(part, { minLength: 1, maxLength: 5 }),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
    (parts, lengths) => {
      const bytes = write('aaab', parts)
      fc.pre(parts.every(({ body }) => !`${body}\r\n`.includes('\r\n--aaab')))
      t.deepEqual(read('aaab', cut(bytes, lengths)), { parts, ended: true })
    },
  )
  fc.assert(property, { numRuns: 2000, seed: SEED })
})

test('a mutated body is read or refused, the same way whatever the pieces', t => {
  const bytes = write('abc123', SAMPLE)
  const outcome = (mutated: Buffer, lengths: number[]): unknown => {
    try {
      return read('abc123', cut(mutated, lengths))
    } catch (error) {
      if (error instanceof CouchError) return error.reason
      throw error
    }
  }
  const mutation = fc.record({
    at: fc.nat(bytes.length - 1),
    remove: fc.nat(6),
    insert: fc.uint8Array({ maxLength: 6 }),
  })
  const property = fc.property(
    fc.array(mutation, { minLength: 1, maxLength: 4 }),
    fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
    (mutations, lengths) => {
      let mutated = bytes
      for (const { at, remove, insert } of mutations) {
        mutated = Buffer.concat([mutated.subarray(0, at), insert, mutated.subarray(at + remove)])
      }
      t.deepEqual(outcome(mutated, lengths), outcome(mutated, [mutated.length + 1]))
    },
  )
  fc.assert(property, { numRuns: 5000, seed: SEED })
})

test('body slices are views of the pushed bytes, and come at once', t => {
  const parser = new MultipartParser('b')
  parser.push(Buffer.from('--b\r\n\r\n'))
  const chunk = Buffer.alloc(1 << 20, 'x')
  const events = parser.push(chunk)
  t.is(events.length, 1)
  const [event] = events
  t.true(event?.kind === 'body' && event.bytes.buffer === chunk.buffer && event.bytes.length === chunk.length)
})

test('white space after a boundary is allowed, other text is not', t => {
  const { parts } = read('b', [Buffer.from('--b \t\r\n\r\nx\r\n--b--')])
  t.is(parts[0]?.body, 'x')
  t.throws(() => read('b', [Buffer.from('--bb\r\n\r\nx\r\n--b--')]), {
    message: /a boundary is followed by other text/,
  })
})

test('header blocks that are too large or malformed are refused', t => {
  const huge = Buffer.from(`--b\r\nx: ${'y'.repeat(20_000)}`)
  t.throws(() => read('b', [huge]), { instanceOf: CouchError, message: /too large/ })
  t.throws(() => read('b', cut(huge, [100])), { instanceOf: CouchError, message: /too large/ })
  t.throws(() => read('b', [Buffer.from('--b\r\nno colon\r\n\r\n')]), { message: /malformed header/ })
})

test('a body without its closing boundary is told at the end', t => {
  const parser = new MultipartParser('b')
  parser.push(Buffer.from('--b\r\n\r\nx\r\n--b'))
  t.throws(() => parser.finish(), { instanceOf: CouchError, message: /closing boundary/ })
  parser.push(Buffer.from('--'))
  t.notThrows(() => parser.finish())
})

test('folded header lines are joined, names are lower-cased and values are UTF-8', t => {
  const parser = new MultipartParser('b')
  const [event] = parser.push(
    Buffer.from('--b\r\nX-Folded: one\r\n\t two\r\nContent-Disposition: "é€"\r\n\r\n'),
  )
  t.is(event?.kind, 'headers')
  if (event?.kind !== 'headers') return
  t.deepEqual(
    [...event.headers],
    [
      ['x-folded', 'one two'],
      ['content-disposition', '"é€"'],
    ],
  )
})
