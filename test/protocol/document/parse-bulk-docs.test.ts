import test from 'ava'
import { CouchError } from '../../../protocol/errors.ts'
import { parseBulkDocs } from '../../../protocol/document/parse-bulk-docs.ts'
import type { BulkDocsInput } from '../../../protocol/document/parse-bulk-docs.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'

function parse(json: string): BulkDocsInput {
  return parseBulkDocs(Buffer.from(json))
}

const refused: [json: string, reason: string][] = [
  ['{}', 'POST body must include `docs` parameter.'],
  ['[]', 'Request body must be a JSON object'],
  ['{"docs":{}}', '`docs` parameter must be an array.'],
  ['{"docs":"x"}', '`docs` parameter must be an array.'],
  ['{"docs":[1]}', 'Document must be a JSON object'],
  ['{"docs":[[]]}', 'Document must be a JSON object'],
  ['{"docs":[{"_id":"a","_rev":"bad"}]}', 'Invalid rev format'],
  ['{"docs":[{"_rev":"bad"},1]}', 'Invalid rev format'],
  ['{"docs":[],"new_edits":"x"}', '`new_edits` parameter must be a boolean.'],
  [
    '{"docs":[{}],"new_edits":false}',
    'When `new_edits: false`, the document needs `_rev` or `_revisions` specified',
  ],
  ['{"docs":[', 'invalid UTF-8 JSON'],
  ['{"docs":[{"_rev":"bad"}]', 'invalid UTF-8 JSON'],
  ['', 'invalid UTF-8 JSON'],
]
for (const [json, reason] of refused) {
  test(`${json || 'an empty body'} is refused`, t => {
    t.throws(() => parse(json), { instanceOf: CouchError, message: `bad_request: ${reason}` })
  })
}

const documents = [
  '{"_id":"a","x":1,"_rev":"1-a","y":[1.50,2]}',
  '{}',
  '{"\\u0061":{"é":"\\/"}}',
  '{"_deleted":true,"_id":"z"}',
]

test('documents are read as they are alone, compact or not', t => {
  const expected = documents.map(json => parseDocument(Buffer.from(json), { term: true }))
  t.deepEqual(parse(`{"docs":[${documents.join()}]}`).docs, expected)
  t.deepEqual(parse(` { "w" : 2 , "docs" : [ ${documents.join(' , ')} ] , "x" : [ 1.50 ] } `).docs, expected)
})

test('replicated revisions need no terms, wherever new_edits stands', t => {
  const docs = '"docs":[{"_id":"a","_rev":"1-a"}]'
  for (const json of [`{"new_edits":false,${docs}}`, `{${docs},"new_edits":false}`]) {
    const { newEdits, docs } = parse(json)
    t.deepEqual([newEdits, docs[0]!.term], [false, undefined])
  }
})

test('edits have terms even when the text looks like a replication', t => {
  const [doc] = parse('{"docs":[{"new_edits":false,"a":1}]}').docs
  t.deepEqual(doc!.term, parseDocument(Buffer.from('{"new_edits":false,"a":1}'), { term: true }).term)
})

test('duplicates are resolved in the request and in its documents', t => {
  const { docs, newEdits } = parse(
    '{"docs":[{"_id":"x"}],"new_edits":false,"docs":[{"a":1,"b":2,"a":3}],"new_edits":true}',
  )
  t.is(newEdits, true)
  t.deepEqual(
    docs.map(doc => doc.body.toString()),
    ['{"b":2,"a":3}'],
  )
})

test('options are told', t => {
  const { allOrNothing, w } = parse('{"docs":[],"all_or_nothing":true,"w":2}')
  t.deepEqual([allOrNothing, w], [true, 2])
  t.is(parse('{"docs":[],"w":2.0}').w, undefined)
})

test('bodies stay as they are while later ones are read', t => {
  const many = Array.from(
    { length: 3000 },
    (_, i) => `{ "_id":"${i}", "n":${i}, "text":"${'é'.repeat(i % 300)}" }`,
  )
  const { docs } = parse(`{"docs":[${many.join()}]}`)
  t.true(docs.every((doc, i) => doc.body.toString() === `{"n":${i},"text":"${'é'.repeat(i % 300)}"}`))
  t.true(docs.every((doc, i) => doc.term!.equals(parseDocument(Buffer.from(many[i]!), { term: true }).term!)))
})
