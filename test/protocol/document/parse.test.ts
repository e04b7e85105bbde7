import test from 'ava'
import fc from 'fast-check'
import { CouchError } from '../../../protocol/errors.ts'
import { externalTerm } from '../../../protocol/json/canonical.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import type { ParseOptions } from '../../../protocol/document/parse.ts'

function parse(json: string, options: Partial<ParseOptions> = {}): DocumentInput {
  return parseDocument(Buffer.from(json), { term: true, ...options })
}

function bodyOf(json: string): string {
  return parse(json).body.toString()
}

const refused: [json: string, message: string][] = [
  ['[1]', 'bad_request: Document must be a JSON object'],
  ['null', 'bad_request: Document must be a JSON object'],
  ['{"_rev":7', 'bad_request: invalid UTF-8 JSON'],
  ['{"_foo":1}', 'doc_validation: Bad special document member: _foo'],
  ['{"_":1}', 'doc_validation: Bad special document member: _'],
  ['{"\\u005ffoo":1}', 'doc_validation: Bad special document member: _foo'],
  ['{"_deleted":"yes"}', 'doc_validation: Bad special document member: _deleted'],
  ['{"_attachments":[]}', 'doc_validation: Bad special document member: _attachments'],
  ['{"_revisions":1}', 'doc_validation: Bad special document member: _revisions'],
  ['{"_revisions":{"ids":[]}}', "doc_validation: _revisions.start isn't an integer."],
  ['{"_revisions":{"start":1.0,"ids":[]}}', "doc_validation: _revisions.start isn't an integer."],
  ['{"_revisions":{"start":1,"ids":{}}}', "doc_validation: _revisions.ids isn't a array."],
  ['{"_revisions":{"start":1,"ids":[1]}}', "doc_validation: RevId isn't a string"],
  [
    `{"_revisions":{"start":1,"ids":["${'z'.repeat(32)}"]}}`,
    "doc_validation: RevId isn't a valid hexadecimal",
  ],
  ['{"_rev":5}', 'bad_request: Invalid rev format'],
  ['{"_rev":"abc","_foo":1}', 'bad_request: Invalid rev format'],
  ['{"_foo":1,"_rev":"abc"}', 'doc_validation: Bad special document member: _foo'],
  ['{"_id":5}', 'illegal_docid: Document id must be a string'],
  ['{"_attachments":{"x":{"data":"notBase64!!"}}}', 'bad_request: Invalid attachment data for x'],
  ['{"_attachments":{"x":{"data":"abcde"}}}', 'bad_request: Invalid attachment data for x'],
  ['{"_attachments":{"x":{}}}', 'bad_request: Invalid attachment data for x'],
  [
    '{"_attachments":{"_x":{"data":"eA=="}}}',
    "bad_request: Attachment name '_x' starts with prohibited character '_'",
  ],
]
for (const [json, message] of refused) {
  test(`${json} is refused`, t => {
    t.throws(() => parse(json), { instanceOf: CouchError, message })
  })
}

const bodies: [json: string, body: string][] = [
  ['{}', '{}'],
  ['{"_id":"a"}', '{}'],
  ['{"_id":"a","b":1}', '{"b":1}'],
  ['{"b":1,"_id":"a"}', '{"b":1}'],
  ['{"b":1,"_id":"a","c":2,"d":3,"_rev":"1-a","e":4}', '{"b":1,"c":2,"d":3,"e":4}'],
  [' { "b" : 1 , "_id" : "a" , "c" : 1.50 , "_deleted" : false , "d" : [ ] } ', '{"b":1,"c":1.5,"d":[]}'],
  [
    '{"_conflicts":[1e0],"_deleted_conflicts":{},"_revs_info":1,"_local_seq":"x","kept":true}',
    '{"kept":true}',
  ],
  [
    '{"_replication_id":"x","_id":"a","_access":["x"],"b":1}',
    '{"_replication_id":"x","_access":["x"],"b":1}',
  ],
  ['{"\\u0061\\u002f":1,"_id":"\\n","b":"\\/"}', '{"a/":1,"b":"/"}'],
  ['{"a":1,"_id":"x","b":2,"a":3,"_id":"y"}', '{"b":2,"a":3}'],
]
for (const [json, body] of bodies) test(`the body of ${json}`, t => t.is(bodyOf(json), body))

const name = fc.constantFrom(
  '_id',
  '_rev',
  '_local_seq',
  '_conflicts',
  '_replication_id',
  'a',
  'b',
  '2',
  'é',
  'c"',
)
const member = fc
  .tuple(name, fc.string())
  .map(([key, text]) => [key, key === '_rev' ? `1-${text}a` : `x${text}`] as const)

function print(members: readonly (readonly [string, string])[], space: string): string {
  const printed = members.map(([key, value]) =>
    [JSON.stringify(key), ':', JSON.stringify(value), ''].join(space),
  )
  return `{${space}${printed.join(`,${space}`)}}`
}

test('body and term are those of the members that belong to it, in their order', t => {
  const members = fc.uniqueArray(member, { selector: ([key]) => key })
  fc.assert(
    fc.property(members, fc.constantFrom('', ' ', '\n\t'), (all, space) => {
      fc.pre(!all.some(([key, value]) => key === '_rev' && Buffer.byteLength(value) === 34))
      const kept = all.filter(([key]) => !key.startsWith('_') || key === '_replication_id')
      const { body, term } = parse(print(all, space))
      t.is(body.toString(), print(kept, ''))
      t.deepEqual(term, externalTerm(body))
    }),
  )
})

test('the newest of _revisions beats _rev, wherever it stands', t => {
  const revisions = '"_revisions":{"start":2,"ids":["B","a"]}'
  t.is(parse(`{"_rev":"9-x",${revisions}}`).rev as string, '2-B')
  t.is(parse(`{${revisions},"_rev":7}`).rev as string, '2-B')
  t.deepEqual(parse(`{${revisions}}`).revisions, { start: 2, ids: ['B', 'a'] })
})

test('attachments keep their order, and what is no object is passed over', t => {
  const { attachments } = parse(
    '{"_attachments":{"2":{"data":"YW\\nJj","length":999,"revpos":7},"x":5,"1":{"stub":true,"content_type":"a/b","digest":"md5-kAFQmDzST7DWlj99KOF/cg==","length":3},"f":{"follows":true,"length":9,"encoding":"gzip","encoded_length":5}}}',
  )
  t.deepEqual(
    attachments!.map(a => [
      a.name,
      a.contentType,
      a.revpos,
      a.length,
      a.encoding,
      a.encodedLength,
      a.stub,
      a.follows,
    ]),
    [
      ['2', 'application/octet-stream', 7, 3, 'identity', 3, false, false],
      ['1', 'a/b', undefined, 3, 'identity', 3, true, false],
      ['f', 'application/octet-stream', undefined, 9, 'gzip', 5, false, true],
    ],
  )
  t.is(attachments![0]!.data!.toString(), 'abc')
  t.is(attachments![1]!.digest!.toString('hex'), '900150983cd24fb0d6963f7d28e17f72')
})

const sizes: [json: string, size: number][] = [
  ['{}', 2],
  ['{"_id":"abc","a":[1,20,"é"]}', '{"a":[1,20,"é"]}'.length + 1],
  ['{"a":"\\n\\u0001\\""}', '{"a":"123"}'.length],
  ['{"a":1.25}', '{"a":1.0}'.length],
  ['{"a":-123456789012.5}', '{"a":12345}'.length],
  ['{"_local_seq":"\\n","a":0.001}', '{"a":1234}'.length],
]
for (const [json, size] of sizes) test(`${json} has the size ${size}`, t => t.is(parse(json).size, size))

test('a body above the limit is refused with its id', t => {
  t.is(parse('{"a":1}', { maxSize: 7 }).size, 7)
  t.throws(() => parse('{"_id":"x","a":10}', { maxSize: 7 }), { message: 'document_too_large: x' })
  t.throws(() => parse('{"a":10}', { maxSize: 7 }), { message: 'document_too_large: ' })
})

test('a term is computed only when it is asked for', t => {
  t.is(parse('{"a":1}', { term: false }).term, undefined)
})
