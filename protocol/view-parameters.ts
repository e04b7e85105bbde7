import { fail } from './errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from './json-value.ts'
import { parseJson } from './json/parse-json.ts'

/** The parameters of a view query as they were given; what was not given is undefined. `key` is a start and an end. */
export interface ViewParameters {
  readonly keys?: readonly JsonValue[]
  readonly startKey?: JsonValue
  readonly endKey?: JsonValue
  readonly startKeyDocId?: string
  readonly endKeyDocId?: string
  readonly limit?: number
  readonly skip?: number
  readonly descending?: boolean
  readonly inclusiveEnd?: boolean
  readonly reduce?: boolean
  /** 0 for all rows in one, Infinity for each key. */
  readonly groupLevel?: number
  readonly group?: boolean
  readonly includeDocs?: boolean
  readonly conflicts?: boolean
  readonly attachments?: boolean
  readonly attEncodingInfo?: boolean
  readonly update?: 'true' | 'false' | 'lazy'
  readonly updateSeq?: boolean
  readonly sorted?: boolean
  readonly partition?: string
}

/** A value of the query string, or of a body, which is typed. */
type Given = { readonly text: string } | { readonly value: JsonValue }

type Read = (given: Given, name: string) => Partial<ViewParameters>

const json = (given: Given): JsonValue =>
  'text' in given ? (parseJson(Buffer.from(given.text)) as JsonValue) : given.value

/** As Erlang prints it: binaries of a body in angles, texts of a query in quotes. */
const shown = (given: Given): string =>
  'text' in given
    ? JSON.stringify(given.text)
    : typeof given.value === 'string'
      ? `<<${JSON.stringify(given.value)}>>`
      : JSON.stringify(given.value)

function boolean(given: Given): boolean {
  const value = 'text' in given ? given.text.toLowerCase() : given.value
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw fail(
    'queryParse',
    `Invalid boolean parameter: ${JSON.stringify('text' in given ? given.text : given.value)}`,
  )
}

function integer(given: Given): number {
  const value = 'text' in given ? (/^[+-]?\d+$/.test(given.text) ? Number(given.text) : NaN) : given.value
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw fail('queryParse', `Invalid value for integer: ${shown(given)}`)
}

function positive(given: Given): number {
  const value = integer(given)
  if (value >= 0) return value
  throw fail(
    'queryParse',
    `Invalid value for positive integer: ${'text' in given ? JSON.stringify(given.text) : value}`,
  )
}

function text(given: Given): string {
  if ('text' in given) return given.text
  return typeof given.value === 'string' ? given.value : JSON.stringify(given.value)
}

function keyList(given: Given): readonly JsonValue[] {
  const value = json(given)
  if (Array.isArray(value)) return value
  throw 'text' in given
    ? fail('queryParse', '`keys` must be an array of strings.')
    : fail('badRequest', '`keys` member must be an array.')
}

function oneOf(
  given: Given,
  name: string,
  values: Readonly<Record<string, Partial<ViewParameters>>>,
): Partial<ViewParameters> {
  const found = values[text(given).toLowerCase()]
  if (found === undefined) throw fail('queryParse', `Invalid value for \`${name}\`.`)
  return found
}

const startKey: Read = given => ({ startKey: json(given) })
const endKey: Read = given => ({ endKey: json(given) })

const READERS: Readonly<Record<string, Read>> = {
  key: given => ({ ...startKey(given, 'key'), ...endKey(given, 'key') }),
  keys: given => ({ keys: keyList(given) }),
  startkey: startKey,
  start_key: startKey,
  endkey: endKey,
  end_key: endKey,
  startkey_docid: given => ({ startKeyDocId: text(given) }),
  start_key_doc_id: given => ({ startKeyDocId: text(given) }),
  endkey_docid: given => ({ endKeyDocId: text(given) }),
  end_key_doc_id: given => ({ endKeyDocId: text(given) }),
  limit: given => ({ limit: positive(given) }),
  skip: given => ({ skip: positive(given) }),
  descending: given => ({ descending: boolean(given) }),
  inclusive_end: given => ({ inclusiveEnd: boolean(given) }),
  reduce: given => ({ reduce: boolean(given) }),
  group: given => ({ group: boolean(given) }),
  group_level: given => ({ groupLevel: positive(given) }),
  include_docs: given => ({ includeDocs: boolean(given) }),
  conflicts: given => ({ conflicts: boolean(given) }),
  attachments: given => ({ attachments: boolean(given) }),
  att_encoding_info: given => ({ attEncodingInfo: boolean(given) }),
  update_seq: given => ({ updateSeq: boolean(given) }),
  sorted: given => ({ sorted: boolean(given) }),
  stale: (given, name) => oneOf(given, name, { ok: { update: 'false' }, update_after: { update: 'lazy' } }),
  update: (given, name) =>
    oneOf(given, name, { true: { update: 'true' }, false: { update: 'false' }, lazy: { update: 'lazy' } }),
  stable: (given, name) => oneOf(given, name, { true: {}, false: {} }),
  partition: given => ({ partition: text(given) }),
}

/** The resource that is queried, which decides what a single one of `keys` means. */
export type Asked = 'view' | 'documents'

/** A view takes a single one of `keys` for a `key` (couch_mrview_http:treat_single_keys_as_key/2). */
const VIEW_READERS: Readonly<Record<string, Read>> = {
  ...READERS,
  keys: given => {
    const keys = keyList(given)
    const [key] = keys
    return keys.length === 1 && key !== undefined ? { startKey: key, endKey: key } : { keys }
  },
}

/**
 * Reads the parameters of a query string; others than these are ignored (CouchDB: couch_mrview_http:parse_param/4).
 *
 * @throws `query_parse_error`, `bad_request` for what is no JSON
 */
export function parametersOfQuery(
  query: Iterable<readonly [string, string]>,
  asked: Asked = 'documents',
): ViewParameters {
  let parameters: ViewParameters = {}
  for (const [name, given] of query) {
    parameters = { ...parameters, ...readerOf(name, asked)?.({ text: given }, name) }
  }
  return parameters
}

/** Reads the parameters among the members of a body, which are typed. @throws as `parametersOfQuery` */
export function parametersOfBody(body: JsonObject, asked: Asked = 'documents'): ViewParameters {
  let parameters: ViewParameters = {}
  for (const [name, value] of Object.entries(body)) {
    parameters = { ...parameters, ...readerOf(name, asked)?.({ value }, name) }
  }
  return parameters
}

function readerOf(name: string, asked: Asked): Read | undefined {
  const readers = asked === 'view' ? VIEW_READERS : READERS
  return Object.hasOwn(readers, name) ? readers[name] : undefined
}

/** The queries of a `queries` body. @throws `bad_request` */
export function queriesOfBody(body: JsonObject): JsonObject[] {
  if (!Object.hasOwn(body, 'queries')) throw fail('badRequest', 'POST body must include `queries` parameter.')
  if (!Array.isArray(body.queries)) throw fail('badRequest', '`queries` member must be an array.')
  return body.queries.map(query => (isJsonObject(query) ? query : {}))
}
