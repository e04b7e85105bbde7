import test from 'ava'
import { DocumentScanner } from '../../cli/documents/document-scanner.ts'
import { objectMember, withoutObjectMember } from '../../cli/documents/json-text.ts'

function scanned(text: string, size: number): string[] {
  const scanner = new DocumentScanner()
  const bytes = Buffer.from(text)
  const found: string[] = []
  for (let at = 0; at < bytes.length; at += size)
    found.push(...scanner.push(bytes.subarray(at, at + size)).map(({ json }) => json.toString()))
  return scanner.incomplete ? [...found, 'incomplete'] : found
}

const A = '{"_id":"a","n":1.0,"t":"}{\\"[","docs":[{"x":{}}]}'
const B = '{ "_id" : "b", "rows": [[1]] }'

const FORMS: Readonly<Record<string, string>> = {
  lines: `${A}\n${B}\n`,
  'lines with CRLF and empty ones': `\r\n${A}\r\n\r\n${B}`,
  'a list': `[${A},\n ${B}]`,
  'an answer of _all_docs':
    `{"total_rows":2,"offset":0,"rows":[\n{"id":"a","key":"a","value":{"rev":"1-x"},"doc":${A}},\n` +
    `{"id":"c","key":"c","value":{"rev":"1-x","deleted":true},"doc":null},\n{"id":"b","doc" : ${B},"key":"b"}\n]}\n`,
  'an answer of _changes': `{"results":[{"seq":"1-x","id":"a","changes":[{"rev":"1-x"}],"doc":${A}},{"doc":${B}}],"last_seq":{"a":{"b":{}}}}`,
  'a body for _bulk_docs': `{"new_edits": false, "docs": [${A},${B}]}`,
  "couchbackup's lines": `{"name":"@cloudant/couchbackup","version":"2.9.1","mode":"full"}\n[${A}]\n[]\n[${B}]\n`,
}

for (const [name, text] of Object.entries(FORMS)) {
  test(`documents are cut out of ${name}, wherever its pieces end`, t => {
    for (const size of [1, 2, 7, 64, 10_000]) t.deepEqual(scanned(text, size), [A, B])
  })
}

test('a file that was cut short is noticed', t => {
  t.deepEqual(scanned(`${A}\n{"_id":"b"`, 5), [A, 'incomplete'])
  t.deepEqual(scanned(`[${A},`, 5), [A, 'incomplete'])
  t.deepEqual(scanned(`${A}\n"abc`, 5), [A, 'incomplete'])
})

test('a member is found and cut out by its own name alone', t => {
  const json = Buffer.from(
    '{"a":"_attachments","b":{"_attachments":{"no":1}},"_attachments":{"yes":{"n":"}"}},"c":1.0}',
  )
  t.is(objectMember(json, '_attachments')?.toString(), '{"yes":{"n":"}"}}')
  t.is(
    withoutObjectMember(json, '_attachments').toString(),
    '{"a":"_attachments","b":{"_attachments":{"no":1}},"c":1.0}',
  )
  t.is(withoutObjectMember(Buffer.from('{"_attachments":{},"a":1}'), '_attachments').toString(), '{"a":1}')
  t.is(withoutObjectMember(Buffer.from('{"_attachments":{}}'), '_attachments').toString(), '{}')
  t.is(objectMember(Buffer.from('{"doc":null,"x":{"doc":{}}}'), 'doc'), undefined)
})
