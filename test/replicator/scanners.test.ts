import test from 'ava'
import fc from 'fast-check'
import { BulkGetScanner } from '../../replicator/http/bulk-get-scanner.ts'
import { LineSplitter } from '../../replicator/http/lines.ts'
import { RowsScanner } from '../../replicator/http/rows-scanner.ts'

/** Cuts bytes at every given place. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set([...places.map(place => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return ends.map((end, at) => Buffer.from(bytes.subarray(ends[at - 1] ?? 0, end)))
}

const places = fc.array(fc.nat(), { maxLength: 20 })
/** As JSON has them: it knows no -0. */
const json = fc.jsonValue({ maxDepth: 3 }).map(value => JSON.parse(JSON.stringify(value)) as unknown)

test('documents come out of a _bulk_get answer byte for byte, however it is cut', t => {
  const row = fc.record({ id: fc.string(), body: json, attachments: fc.boolean(), missing: fc.boolean() })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), places, fc.constantFrom(0, 1), (rows, at, indent) => {
      const results = rows.map(({ id, body, attachments, missing }) => {
        const document = {
          _id: id,
          _rev: '1-a',
          value: body,
          text: '_attachments',
          ...(attachments ? { _attachments: {} } : {}),
        }
        const entry = missing
          ? { error: { id, rev: '1-a', error: 'not_found', reason: 'missing' } }
          : { ok: document }
        return { id, docs: [entry] }
      })
      const scanner = new BulkGetScanner()
      const bytes = Buffer.from(JSON.stringify({ results }, null, indent))
      const found = cut(bytes, at).flatMap(piece => scanner.push(piece))
      t.true(scanner.complete)
      t.is(found.length, rows.length)
      for (const [place, revision] of found.entries()) {
        const { id, attachments, missing } = rows[place] ?? { id: '', attachments: false, missing: false }
        t.is(revision.kind, missing ? 'missing' : attachments ? 'attachments' : 'document')
        if (revision.kind === 'document') {
          t.deepEqual(
            JSON.parse(Buffer.from(revision.json).toString()),
            (results[place]?.docs[0] as { ok: unknown }).ok,
          )
        } else t.is(revision.id, id)
      }
    }),
  )
})

test('a _bulk_get answer that was cut short is not complete', t => {
  const bytes = Buffer.from('{"results":[{"id":"a","docs":[{"ok":{"_id":"a"}}]}]}')
  for (let end = 0; end < bytes.length; end++) {
    const scanner = new BulkGetScanner()
    scanner.push(bytes.subarray(0, end))
    t.false(scanner.complete)
  }
})

test('rows come out of a changes answer, however it is cut and broken into lines', t => {
  const rows = fc.array(
    fc.record({ seq: json, id: fc.string(), changes: fc.array(fc.record({ rev: fc.string() })) }),
  )
  fc.assert(
    fc.property(rows, places, fc.constantFrom(0, 2), (results, at, indent) => {
      const scanner = new RowsScanner()
      const bytes = Buffer.from(JSON.stringify({ results, last_seq: '5-x', pending: 0 }, null, indent))
      const found = cut(bytes, at).flatMap(piece => JSON.parse(`[${scanner.push(piece)}]`) as unknown[])
      t.true(scanner.complete)
      t.deepEqual(found, JSON.parse(JSON.stringify(results)))
    }),
  )
})

test('lines are given when they are whole', t => {
  const lines = new LineSplitter()
  t.is(lines.push(Buffer.from('{"a"')), '')
  t.is(lines.push(Buffer.from(':1}\n{"b":2}\n{"c')), '{"a":1}\n{"b":2}\n')
  t.is(lines.push(Buffer.from('":3}\n')), '{"c":3}\n')
})
