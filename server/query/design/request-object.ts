import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../../protocol/json-value.ts'
import type { Database } from '../../database/database.ts'

/** What of a request functions of design documents see. */
export interface FunctionRequest {
  readonly database: Database
  /** The document's id, null without one. */
  readonly id: string | null
  readonly method: string
  /** With the query: "/db/_design/x/_show/y?z=1". */
  readonly url: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for requests without one. */
  readonly body: string | undefined
  readonly peer: string
  readonly user: { readonly name: string | null; readonly roles: readonly string[] }
}

/** The request object of CouchDB. (chttpd_external:json_req_obj/4) */
export function requestObject(request: FunctionRequest): JsonObject {
  const { database, headers } = request
  const [path = ''] = request.url.split('?')
  const segments = path
    .split('/')
    .filter(segment => segment !== '')
    .map(decode)
  return {
    info: databaseInfo(database),
    id: request.id,
    uuid: randomUUID().replaceAll('-', ''),
    method: request.method,
    requested_path: segments,
    path: segments,
    raw_path: request.url,
    query: { ...request.query },
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [headerName(name), value])),
    body: request.body ?? 'undefined',
    peer: request.peer,
    form: formOf(headers['content-type'] ?? '', request.body ?? ''),
    cookie: cookiesOf(headers.cookie ?? ''),
    userCtx: { db: database.name, name: request.user.name, roles: [...request.user.roles] },
    secObj: JSON.parse(Buffer.from(database.securityText).toString()) as JsonObject,
  }
}

function databaseInfo({ name, state, seq, record }: Database): JsonObject {
  return {
    db_name: name,
    doc_count: state.docs,
    doc_del_count: state.deletedDocs,
    update_seq: seq,
    purge_seq: state.purgeSeq,
    compact_running: false,
    instance_start_time: String(record.created),
    disk_format_version: 8,
  }
}

/** As CouchDB writes the names of headers: "Content-Type". */
function headerName(name: string): string {
  return name.replace(/(^|-)[a-z]/g, start => start.toUpperCase())
}

function formOf(contentType: string, body: string): JsonObject {
  if (!contentType.startsWith('application/x-www-form-urlencoded')) return {}
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
