import type { JsonObject, JsonValue } from '../../protocol/json-value.ts'
import type { Database } from '../database/database.ts'
import type { RequestContext } from '../http/context.ts'
import { shownHeaders } from '../http/shown-headers.ts'

/**
 * A request as functions of design documents see it in `req` (CouchDB: chttpd_external:json_req_obj/2). Without `uuid`,
 * so that equal requests for a feed are equal, and share its work.
 */
export function requestObject(
  ctx: RequestContext,
  database: Database,
  body: Readonly<Record<string, unknown>> | undefined,
): JsonObject {
  const { user } = ctx.state
  const headers = shownHeaders(ctx.headers)
  return {
    id: null,
    method: ctx.method,
    requested_path: segments(ctx.originalUrl),
    path: segments(ctx.path),
    raw_path: ctx.originalUrl,
    query: Object.fromEntries(new URLSearchParams(ctx.querystring)),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [headerName(name), value])),
    body: body === undefined ? 'undefined' : JSON.stringify(body),
    peer: ctx.ip,
    form: {},
    cookie: cookies(headers['cookie'] ?? ''),
    userCtx: { db: database.name, name: user.name, roles: [...user.roles] },
    secObj: JSON.parse(Buffer.from(database.securityText).toString()) as JsonValue,
  }
}

function segments(path: string): string[] {
  return path.split('/').filter(part => part !== '')
}

/** Node gives names in lower case, CouchDB as "User-Agent". */
function headerName(name: string): string {
  return name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase())
}

function cookies(header: string): JsonObject {
  const found: JsonObject = {}
  for (const pair of header.split(';')) {
    const [name = '', ...value] = pair.trim().split('=')
    if (name !== '') found[name] = value.join('=')
  }
  return found
}
