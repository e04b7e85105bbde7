import type { Rev } from '../../../protocol/revision.ts'
import { xxh3 } from '../../../protocol/xxh3.ts'

/** State that the ETag of a show depends on. */
export interface ShownState {
  readonly ddoc: Rev
  /** Undefined for a show without a document. */
  readonly document: Rev | undefined
  /** The `Accept` header. */
  readonly accept: string | undefined
  readonly roles: readonly string[]
}

const TERM = Buffer.from([131])
const NIL = Buffer.from([106])
const MAX_STRING = 0xffff

/**
 * The ETag of a show, without quotes: CouchDB's, a hash of the Erlang term {DesignDocument, Document, Accept, Roles, []}.
 * (CouchDB: chttpd_show:show_etag/4, couch_httpd:make_etag/1)
 */
export function showEtag({ ddoc, document, accept, roles }: ShownState): string {
  const parts = [
    binary(`"${ddoc}"`),
    document === undefined ? atom('nil') : binary(`"${document}"`),
    accept === undefined ? atom('undefined') : string(accept),
    list(roles.map(binary)),
    NIL,
  ]
  const term = Buffer.concat([TERM, Buffer.from([104, parts.length]), ...parts])
  return xxh3(term).toString(36).toUpperCase()
}

function binary(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([lengthed(109, bytes.length), bytes])
}

function atom(name: string): Buffer {
  return Buffer.concat([Buffer.from([100, 0, name.length]), Buffer.from(name)])
}

/** A list of bytes, as Erlang writes texts: of Latin-1 characters, as Node.js gives headers. */
function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length === 0) return NIL
  if (bytes.length > MAX_STRING) return list([...bytes].map(byte => Buffer.from([97, byte])))
  return Buffer.concat([Buffer.from([107, bytes.length >> 8, bytes.length & 0xff]), bytes])
}

function list(items: readonly Buffer[]): Buffer {
  return items.length === 0 ? NIL : Buffer.concat([lengthed(108, items.length), ...items, NIL])
}

function lengthed(tag: number, length: number): Buffer {
  const head = Buffer.alloc(5)
  head[0] = tag
  head.writeUInt32BE(length, 1)
  return head
}
