import { randomUUID } from 'node:crypto'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { parseJson } from '../../../protocol/json/parse-json.ts'
import type { Database } from '../../database/database.ts'
import { databaseInfo } from '../../database/info.ts'

/** The parts of a request that functions of design documents see. */
export interface FunctionRequest {
  readonly database: Database
  /** The document's id, null without one. */
  readonly id: string | null
  readonly method: string
  /** With the query: "/db/_design/x/_show/y?z=1". */
  readonly url: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** The body; undefined without one. That of a posted list is JSON. */
  readonly body: string | JsonObject | undefined
  readonly peer: string
  readonly user: { readonly name: string | null; readonly roles: readonly string[] }
}

/**
 * The request object of CouchDB. (chttpd_external:json_req_obj/4)
 *
 * @throws `bad_request` where a key in the query is no JSON
 */
export async function requestObject(request: FunctionRequest): Promise<JsonObject> {
  const { database, headers } = request
  const [path = ''] = request.url.split('?')
  const segments = path
    .split('/')
    .filter(segment => segment !== '')
    .map(decode)
  return {
    info: (await databaseInfo(database)) as JsonObject,
    id: request.id,
    uuid: randomUUID().replaceAll('-', ''),
    method: request.method,
    requested_path: segments,
    path: segments,
    raw_path: request.url,
    query: queryOf(request.query),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [headerName(name), value])),
    body: request.body ?? 'undefined',
    peer: request.peer,
    form: formOf(request),
    cookie: cookiesOf(headers.cookie ?? ''),
    userCtx: { db: database.name, name: request.user.name, roles: [...request.user.roles] },
    secObj: JSON.parse(Buffer.from(database.securityText).toString()) as JsonObject,
  }
}

/** Parameters that functions see as the JSON that they are. (CouchDB: chttpd_external:json_query_keys/1) */
const JSON_PARAMETERS = new Set(['startkey', 'endkey', 'key', 'descending'])

function queryOf(query: Readonly<Record<string, string>>): JsonObject {
  const entries = Object.entries(query).map(([name, value]) => [
    name,
    JSON_PARAMETERS.has(name) ? (parseJson(Buffer.from(value)) as JsonValue) : value,
  ])
  return Object.fromEntries(entries) as JsonObject
}

/** As CouchDB writes the names of headers: "Content-Type". */
function headerName(name: string): string {
  return name.replace(/(^|-)[a-z]/g, start => start.toUpperCase())
}

function formOf({ method, headers, body }: FunctionRequest): JsonObject {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
  if (!isForm || typeof body !== 'string' || (method !== 'POST' && method !== 'PUT')) return {}
  return Object.fromEntries(new URLSearchParams(body))
}

function cookiesOf(header: string): JsonObject {
  const pairs = header.split(';').map(pair => pair.trim().split('='))
  return Object.fromEntries(
    pairs.filter(([name]) => name !== '').map(([name = '', ...value]) => [name, value.join('=')]),
  )
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
