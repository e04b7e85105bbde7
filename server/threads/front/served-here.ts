import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config/config.ts'
import { INTERNAL_PREFIX } from '../link-headers.ts'

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** Parameters of requests that need nothing but the store and the writer, by what the path names. */
const PARAMETERS = {
  document: {
    GET: words(
      'rev revs revs_info conflicts deleted_conflicts local_seq meta latest deleted att_encoding_info',
    ),
    PUT: words('rev new_edits'),
    DELETE: words('rev'),
  },
  _all_docs: {
    GET: words(
      'include_docs conflicts descending limit skip update_seq inclusive_end startkey start_key endkey end_key startkey_docid start_key_doc_id endkey_docid end_key_doc_id key keys sorted reduce stable update stale',
    ),
  },
  _changes: {
    GET: words(
      'feed since limit heartbeat timeout style include_docs conflicts descending seq_interval last-event-id',
    ),
  },
  _bulk_docs: { POST: words('w') },
} as const

/** `limit=0`: such a longpoll is answered by the store thread (`empty-longpoll.ts`). */
const NO_ROWS = /^limit=(?![1-9])/

/**
 * A database that is not one of the system's, and one segment below it. The routes decode percent escapes, here as in the store
 * thread. An id may have any of them, but must not begin with an escaped underscore: such a path may be that of another route.
 */
const PATH =
  /^\/[a-z][a-z0-9_$()+-]*\/((?:[A-Za-z0-9.~:@!$'()*,;=+-]|%(?!5[fF])[0-9a-fA-F]{2})(?:[\w.~:@!$'()*,;=+-]|%[0-9a-fA-F]{2})*|_all_docs|_changes|_bulk_docs)$/

/**
 * Returns whether a front thread can answer a request from the store, with the store thread writing what is to be written:
 * reads and writes of documents, `_bulk_docs`, `_all_docs` and feeds without a filter. All others are forwarded.
 */
export function isServedHere(req: IncomingMessage, config: Pick<Config, 'text'>): boolean {
  const { url = '', headers } = req
  const method = req.method === 'HEAD' ? 'GET' : (req.method ?? '')
  const query = url.indexOf('?')
  const [, name] = PATH.exec(query < 0 ? url : url.slice(0, query)) ?? []
  if (name === undefined) return false
  const kind = name.startsWith('_') ? (name as '_all_docs' | '_changes' | '_bulk_docs') : 'document'
  const parameters = (PARAMETERS[kind] as Readonly<Record<string, ReadonlySet<string>>>)[method]
  if (parameters === undefined) return false
  for (const header in headers) if (header.startsWith(INTERNAL_PREFIX)) return false
  if (method === 'GET' || method === 'DELETE') {
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false
  } else if (!isPlainBody(headers)) return false
  // Ids of this kind differ by the time alone, which threads share.
  if (kind === '_bulk_docs' && config.text('uuids', 'algorithm') === 'utc_id') return false
  return query < 0 || hasOnly(url.slice(query + 1), parameters, kind)
}

/** JSON, which has its attachments within. */
function isPlainBody(headers: IncomingMessage['headers']): boolean {
  if (headers['x-http-method-override'] !== undefined) return false
  const type = headers['content-type']
  return type === undefined || !type.toLowerCase().includes('multipart')
}

function hasOnly(query: string, allowed: ReadonlySet<string>, kind: string): boolean {
  for (const parameter of query.split('&')) {
    const end = parameter.indexOf('=')
    if (!allowed.has(end < 0 ? parameter : parameter.slice(0, end))) return false
    if (kind === '_changes' && NO_ROWS.test(parameter)) return false
  }
  return true
}
