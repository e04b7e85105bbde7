import {
  BOUNDARY,
  EMPTY_ARRAYS,
  ESCAPES,
  filled,
  FORM,
  formOf,
  INLINE,
  MEMBERS,
  ONE_INLINE,
  ONE_STRING,
  related,
  RELATED,
  repeated,
  REVISIONS,
  TEXT,
  type MakeBody,
} from './bodies.ts'
import type { StallCase } from './stall-case.ts'

const documents: readonly (readonly [string, MakeBody])[] = [
  ['members', MEMBERS],
  ['one string', ONE_STRING],
  ['escapes', ESCAPES],
  ['arrays', EMPTY_ARRAYS],
  ['revisions', REVISIONS],
  ['attachments', INLINE],
  ['one attachment', ONE_INLINE],
]

/** Routes that write documents, with what is costly there. */
export const WRITES: readonly StallCase[] = [
  ...documents.map(([shape, body]) => ({ route: 'PUT doc', shape, method: 'PUT', path: '/DB/doc-N', body })),
  { route: 'POST db', shape: 'members', path: '/DB', body: MEMBERS },
  { route: 'PUT _design', shape: 'members', method: 'PUT', path: '/DB/_design/d-N', body: MEMBERS },
  {
    route: 'PUT _design',
    shape: 'views',
    method: 'PUT',
    path: '/DB/_design/d-N',
    body: repeated('{"views":{', n => `"v${n}":{"map":"function(doc){emit(${n})}"}`, '}}'),
  },
  { route: 'PUT _local', shape: 'members', method: 'PUT', path: '/DB/_local/l-N', body: MEMBERS },
  {
    route: 'PUT doc',
    shape: 'related',
    method: 'PUT',
    path: '/DB/doc-N',
    headers: RELATED,
    body: related(MEMBERS),
  },
  {
    route: 'POST doc',
    shape: 'form fields',
    path: '/DB/doc-N',
    headers: FORM,
    body: formOf(n => `Content-Disposition: form-data; name="f${n}"\r\n\r\n1`),
  },
  {
    route: 'POST doc',
    shape: 'form document',
    path: '/DB/doc-N',
    headers: FORM,
    body: bytes =>
      Buffer.concat([
        Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="_doc"\r\n\r\n`),
        MEMBERS(bytes),
        Buffer.from(`\r\n--${BOUNDARY}--`),
      ]),
  },
  {
    route: 'POST doc',
    shape: 'form files',
    path: '/DB/doc-N',
    headers: FORM,
    body: formOf(n => `Content-Disposition: form-data; name="_attachments"; filename="f${n}"\r\n\r\n1`),
  },
  {
    route: 'PUT attachment',
    shape: 'text',
    method: 'PUT',
    path: '/DB/doc-N/a',
    headers: TEXT,
    body: filled('', 'text ', ''),
  },
  {
    route: '_bulk_docs',
    shape: 'empty',
    path: '/DB/_bulk_docs',
    body: repeated('{"docs":[', () => '{}', ']}'),
  },
  {
    route: '_bulk_docs',
    shape: 'small',
    path: '/DB/_bulk_docs',
    body: repeated('{"docs":[', n => `{"a":${n},"b":"${'x'.repeat(1400)}"}`, ']}'),
  },
  {
    route: '_bulk_docs',
    shape: 'one with members',
    path: '/DB/_bulk_docs',
    body: repeated('{"docs":[{', n => `"m${n}":1`, '}]}'),
  },
  {
    route: '_bulk_docs',
    shape: 'members besides',
    path: '/DB/_bulk_docs',
    body: repeated('{"docs":[],', n => `"m${n}":1`, '}'),
  },
  {
    route: '_bulk_docs',
    shape: 'revisions',
    path: '/DB/_bulk_docs',
    body: repeated(
      '{"new_edits":false,"docs":[{"_id":"r","_revisions":{"start":9000000,"ids":[',
      n => `"${n}"`,
      ']}}]}',
    ),
  },
  {
    route: '_bulk_docs',
    shape: 'leaves of one',
    path: '/DB/_bulk_docs',
    body: repeated(
      '{"new_edits":false,"docs":[',
      n => `{"_id":"l","_rev":"1-${n}","a":"${'x'.repeat(1400)}"}`,
      ']}',
    ),
  },
]
