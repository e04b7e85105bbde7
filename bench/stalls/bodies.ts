/** Makes a body of about so many bytes. */
export type MakeBody = (bytes: number) => Buffer

/** One way to use a route: the shape of its body, and how it is sent. */
export interface StallCase {
  readonly route: string
  readonly shape: string
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: MakeBody
}

/** Makes a body of the wanted size: a beginning, copies of an element joined by commas, an end. */
function repeated(begin: string, element: (n: number) => string, end: string): MakeBody {
  return bytes => {
    const parts: string[] = []
    let length = begin.length + end.length
    for (let n = 0; length < bytes; n++) {
      const text = element(n)
      parts.push(text)
      length += text.length + 1
    }
    return Buffer.from(begin + parts.join(',') + end)
  }
}

function filled(begin: string, unit: string, end: string): MakeBody {
  return bytes =>
    Buffer.concat([
      Buffer.from(begin),
      Buffer.alloc(Math.max(1, bytes - begin.length - end.length), unit),
      Buffer.from(end),
    ])
}

const BOUNDARY = 'stalls'
const RELATED = { 'content-type': `multipart/related; boundary="${BOUNDARY}"` }
const FORM = { 'content-type': `multipart/form-data; boundary="${BOUNDARY}"`, referer: 'http://HOST/' }
const TEXT = { 'content-type': 'text/plain' }

function formOf(part: (n: number) => string): MakeBody {
  return bytes => {
    const parts: string[] = []
    let length = 0
    for (let n = 0; length < bytes; n++) {
      const text = `--${BOUNDARY}\r\n${part(n)}\r\n`
      parts.push(text)
      length += text.length
    }
    return Buffer.from(`${parts.join('')}--${BOUNDARY}--`)
  }
}

function related(json: MakeBody): MakeBody {
  return bytes =>
    Buffer.concat([
      Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/json\r\n\r\n`),
      json(bytes),
      Buffer.from(`\r\n--${BOUNDARY}--`),
    ])
}

const id = (n: number): string => `"key${String(n).padStart(7, '0')}"`
const NUMBERS = repeated('{"keys":[', n => String(n), ']}')
const IDS = repeated('{"keys":[', id, ']}')
const ARRAYS = repeated('{"keys":[', n => `[${n},"a"]`, ']}')
const MEMBERS = repeated('{', n => `"m${n}":1`, '}')
const ONE_STRING = filled('{"a":"', 'x', '"}')
const ESCAPES = filled('{"a":"', '\\u00e9', '"}')
const EMPTY_ARRAYS = repeated('{"a":[', () => '[]', ']}')
const REVISIONS = repeated('{"_id":"r","_revisions":{"start":9000000,"ids":[', n => `"${n}"`, ']}}')
const INLINE = repeated('{"_attachments":{', n => `"a${n}":{"data":"YQ=="}`, '}}')
const ONE_INLINE = filled('{"_attachments":{"a":{"data":"', 'YWFh', '"}}}')

const documents: readonly (readonly [string, MakeBody])[] = [
  ['members', MEMBERS],
  ['one string', ONE_STRING],
  ['escapes', ESCAPES],
  ['arrays', EMPTY_ARRAYS],
  ['revisions', REVISIONS],
  ['attachments', INLINE],
  ['one attachment', ONE_INLINE],
]

/** Every route that takes a list or a body, with what is costly there. `DB` is the database, `HOST` the server. */
export const CASES: readonly StallCase[] = [
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
  { route: '_all_docs', shape: 'ids', path: '/DB/_all_docs', body: IDS },
  { route: '_all_docs', shape: 'ids, documents', path: '/DB/_all_docs?include_docs=true', body: IDS },
  {
    route: '_all_docs/queries',
    shape: 'queries',
    path: '/DB/_all_docs/queries',
    body: repeated('{"queries":[', n => `{"key":${id(n)}}`, ']}'),
  },
  {
    route: '_all_docs/queries',
    shape: 'keys',
    path: '/DB/_all_docs/queries',
    body: repeated('{"queries":[{"keys":[', id, ']}]}'),
  },
  { route: '_design_docs', shape: 'ids', path: '/DB/_design_docs', body: IDS },
  { route: '_local_docs', shape: 'ids', path: '/DB/_local_docs', body: IDS },
  { route: '_view', shape: 'numbers', path: '/DB/_design/d/_view/rows', body: NUMBERS },
  { route: '_view', shape: 'ids', path: '/DB/_design/d/_view/rows', body: IDS },
  { route: '_view', shape: 'arrays', path: '/DB/_design/d/_view/rows', body: ARRAYS },
  { route: '_view', shape: 'one key', path: '/DB/_design/d/_view/rows', body: filled('{"key":"', 'x', '"}') },
  { route: '_view', shape: 'grouped', path: '/DB/_design/d/_view/sums?group=true', body: IDS },
  {
    route: '_view/queries',
    shape: 'queries',
    path: '/DB/_design/d/_view/rows/queries',
    body: repeated('{"queries":[', n => `{"key":${id(n)}}`, ']}'),
  },
  { route: '_list', shape: 'ids', path: '/DB/_design/d/_list/all/rows', body: IDS },
  { route: '_show', shape: 'members', path: '/DB/_design/d/_show/one', body: MEMBERS },
  { route: '_update', shape: 'members', path: '/DB/_design/d/_update/one', body: MEMBERS },
  { route: '_update', shape: 'one string', path: '/DB/_design/d/_update/one', body: ONE_STRING },
  { route: '_rewrite', shape: 'ids', path: '/DB/_design/d/_rewrite/all', body: IDS },
  {
    route: '_bulk_get',
    shape: 'ids',
    path: '/DB/_bulk_get',
    body: repeated('{"docs":[', n => `{"id":${id(n)}}`, ']}'),
  },
  {
    route: '_revs_diff',
    shape: 'ids',
    path: '/DB/_revs_diff',
    body: repeated('{', n => `${id(n)}:["1-a"]`, '}'),
  },
  {
    route: '_revs_diff',
    shape: 'revisions',
    path: '/DB/_revs_diff',
    body: repeated('{"key0000001":[', n => `"1-${n}"`, ']}'),
  },
  {
    route: '_missing_revs',
    shape: 'ids',
    path: '/DB/_missing_revs',
    body: repeated('{', n => `${id(n)}:["1-a"]`, '}'),
  },
  { route: '_purge', shape: 'ids', path: '/DB/_purge', body: repeated('{', n => `${id(n)}:["1-a"]`, '}') },
  {
    route: '_find',
    shape: '$or',
    path: '/DB/_find',
    body: repeated('{"selector":{"$or":[', n => `{"a":${n}}`, ']}}'),
  },
  {
    route: '_find',
    shape: '$in',
    path: '/DB/_find',
    body: repeated('{"selector":{"a":{"$in":[', n => String(n), ']}}}'),
  },
  { route: '_find', shape: 'one string', path: '/DB/_find', body: filled('{"selector":{"a":"', 'x', '"}}') },
  {
    route: '_find',
    shape: 'fields',
    path: '/DB/_find',
    body: repeated('{"selector":{},"fields":[', n => `"f${n}"`, ']}'),
  },
  {
    route: '_find',
    shape: 'regex',
    path: '/DB/_find',
    body: filled('{"selector":{"a":{"$regex":"', 'x*', '"}}}'),
  },
  {
    route: '_explain',
    shape: '$or',
    path: '/DB/_explain',
    body: repeated('{"selector":{"$or":[', n => `{"a":${n}}`, ']}}'),
  },
  {
    route: '_index',
    shape: 'fields',
    path: '/DB/_index',
    body: repeated('{"index":{"fields":[', n => `"f${n}"`, ']}}'),
  },
  {
    route: '_index',
    shape: 'selector',
    path: '/DB/_index',
    body: repeated('{"index":{"fields":["a"],"partial_filter_selector":{"$or":[', n => `{"a":${n}}`, ']}}}'),
  },
  {
    route: '_index/_bulk_delete',
    shape: 'names',
    path: '/DB/_index/_bulk_delete',
    body: repeated('{"docids":[', n => `"d${n}"`, ']}'),
  },
  {
    route: '_changes',
    shape: 'ids',
    path: '/DB/_changes?filter=_doc_ids',
    body: repeated('{"doc_ids":[', id, ']}'),
  },
  {
    route: '_changes',
    shape: 'selector',
    path: '/DB/_changes?filter=_selector',
    body: repeated('{"selector":{"$or":[', n => `{"a":${n}}`, ']}}'),
  },
  {
    route: '_try_view',
    shape: 'string',
    path: '/DB/_try_view',
    body: filled('{"map":"function(doc){emit(1)}//', 'x', '"}'),
  },
  {
    route: '_security',
    shape: 'names',
    method: 'PUT',
    path: '/DB/_security',
    body: repeated('{"members":{"names":[', n => `"n${n}"`, ']}}'),
  },
  {
    route: '_dbs_info',
    shape: 'names',
    path: '/_dbs_info',
    body: repeated('{"keys":[', n => `"d${n}"`, ']}'),
  },
  {
    route: '_replicate',
    shape: 'ids',
    path: '/_replicate',
    body: repeated('{"source":"no-such","target":"DB","doc_ids":[', id, ']}'),
  },
  {
    route: '_replicate',
    shape: 'selector',
    path: '/_replicate',
    body: repeated('{"source":"no-such","target":"DB","selector":{"$or":[', n => `{"a":${n}}`, ']}}'),
  },
  {
    route: 'PUT _replicator',
    shape: 'ids',
    method: 'PUT',
    path: '/_replicator/r-N',
    body: repeated('{"source":"no-such","target":"DB","cancelled":true,"doc_ids":[', id, ']}'),
  },
  {
    route: '_scheduler/docs',
    shape: 'states',
    path: '/_scheduler/docs/_replicator',
    body: repeated('{"states":[', n => `"s${n}"`, ']}'),
  },
  {
    route: 'PUT _users',
    shape: 'roles',
    method: 'PUT',
    path: '/_users/org.couchdb.user:u-N',
    body: repeated('{"name":"u-N","type":"user","password":"x","roles":[', n => `"r${n}"`, ']}'),
  },
  { route: 'POST _session', shape: 'members', path: '/_session', body: MEMBERS },
  { route: '_cluster_setup', shape: 'members', path: '/_cluster_setup', body: MEMBERS },
  {
    route: 'PUT _config',
    shape: 'string',
    method: 'PUT',
    path: '/_node/_local/_config/log/x',
    body: filled('"', 'x', '"'),
  },
]
