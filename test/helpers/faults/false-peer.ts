import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Answers a request in its own way; false leaves it to the ordinary answers. */
export type Reply = (request: IncomingMessage, response: ServerResponse, body: string) => boolean | void

/** Something that speaks CouchDB's protocol as far as it likes. */
export interface FalsePeer {
  /** Of its database, without credentials. */
  readonly url: string
  readonly port: number
  readonly requests: readonly { readonly method: string; readonly path: string; readonly body: string }[]
  /** Connections that are open. */
  readonly connections: number
  /** Closes all connections; idempotent. */
  close(): void
}

const REV = '1-967a00dff5e02add41819138abb3284d'

/** Answers of an honest database with one document, by the end of the path. */
const ORDINARY: readonly (readonly [RegExp, (body: string) => unknown, number?])[] = [
  [
    /^\/$/,
    () => ({ db_name: 'db', update_seq: '1-x', doc_count: 1, doc_del_count: 0, instance_start_time: '1' }),
  ],
  [/^\/_local\//, () => ({ error: 'not_found', reason: 'missing' }), 404],
  [
    /^\/_changes/,
    () => ({ results: [{ seq: '1-x', id: 'a', changes: [{ rev: REV }] }], last_seq: '1-x', pending: 0 }),
  ],
  [/^\/_bulk_get/, () => ({ results: [{ id: 'a', docs: [{ ok: { _id: 'a', _rev: REV } }] }] })],
  [
    /^\/_revs_diff/,
    body =>
      Object.fromEntries(
        Object.entries(JSON.parse(body) as object).map(([id, missing]) => [
          id,
          { missing: missing as unknown },
        ]),
      ),
  ],
  [/^\/_bulk_docs/, () => [], 201],
  [/^\/_ensure_full_commit/, () => ({ ok: true, instance_start_time: '1' }), 201],
]

/** Starts a peer at `/db` on a free port of this machine. */
export async function startFalsePeer(reply: Reply): Promise<FalsePeer> {
  const sockets = new Set<Socket>()
  const requests: { method: string; path: string; body: string }[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.once('end', () => {
      const body = Buffer.concat(parts).toString()
      requests.push({ method: request.method ?? '', path: request.url ?? '', body })
      response.on('error', () => undefined)
      if (reply(request, response, body) === false) ordinary(request, response, body)
    })
  })
  server.on('connection', socket => {
    socket.on('error', () => undefined)
    sockets.add(socket.on('close', () => sockets.delete(socket)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/db`,
    port,
    requests,
    get connections() {
      return sockets.size
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function ordinary(request: IncomingMessage, response: ServerResponse, body: string): void {
  const path = (request.url ?? '').replace(/^\/db/, '')
  const isLocalPut = request.method === 'PUT' && path.startsWith('/_local/')
  const [, answer, status = 200] = ORDINARY.find(([pattern]) => pattern.test(path)) ?? []
  if (isLocalPut) sendJson(response, 201, { ok: true, rev: '0-1' })
  else if (answer) sendJson(response, status, answer(body))
  else sendJson(response, 404, { error: 'not_found', reason: 'missing' })
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** Sends a piece again and again, as fast as it is taken, for as long as there is a connection. */
export function sendForEver(response: ServerResponse, piece: string | Buffer): void {
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  }
  response.on('drain', more)
  more()
}
