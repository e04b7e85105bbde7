import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import {
  type ConnectionEnds,
  type FoundUser,
  noteForwarded,
} from '../../http/connection/forwarded-request.ts'
import type { RequestHandler } from '../../http/connection/listener.ts'
import { LINK_APPROVAL, LINK_BODYLESS, LINK_ENDS, LINK_TOKEN } from '../link-headers.ts'
import type { Approval, Link } from '../messages.ts'

/** Credentials are looked at again after so long in any case. */
const MAX_APPROVAL_MS = 60_000

/** A user with so many roles is looked at each time. */
const MAX_APPROVAL = 8 * 1024

/** Room for the headers that the link adds. */
const LINK_HEADER_BYTES = 4096

export interface LinkOptions {
  readonly config: Config
  readonly handle: RequestHandler
  /** Changes with users, settings and locks. */
  readonly epoch: () => number
}

/** Takes requests that front threads forward, over a socket that the file system does not show. */
export class LinkListener {
  readonly link: Link
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, link: Link) {
    this.#server = server
    this.link = link
  }

  static async open({ config, handle, epoch }: LinkOptions): Promise<LinkListener> {
    const token = randomBytes(32).toString('base64url')
    const expected = Buffer.from(token)
    const options = {
      maxHeaderSize: config.integer('couchette', 'max_header_size') + LINK_HEADER_BYTES,
      requestTimeout: 0,
      keepAliveTimeout: 0,
      requireHostHeader: false,
      noDelay: true,
    }
    const server = createServer(options, (req, res) => {
      if (!takeHeaders(req, expected, epoch())) req.socket.destroy()
      else handle(req, res)
    })
    const listener = new LinkListener(server, { path: linkPath(), token })
    server.on('connection', socket => {
      listener.#sockets.add(socket)
      socket.once('close', () => listener.#sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path: listener.link.path }, resolve)
    })
    return listener
  }

  /** Ends requests that are left. Idempotent. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

/** On Linux a name that no directory holds, and that goes with the server. */
function linkPath(): string {
  const name = `couchette-${process.pid}-${randomBytes(16).toString('hex')}`
  return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), name)
}

/** Takes the link's headers from a request. @returns false where it does not come from a thread of this server */
function takeHeaders(req: IncomingMessage, token: Buffer, epoch: number): boolean {
  const { headers } = req
  const given = Buffer.from(String(headers[LINK_TOKEN]))
  if (given.length !== token.length || !timingSafeEqual(given, token)) return false
  const ends = endsOf(String(headers[LINK_ENDS]))
  if (headers[LINK_BODYLESS] !== undefined) delete headers['transfer-encoding']
  for (const name of [LINK_TOKEN, LINK_ENDS, LINK_BODYLESS]) delete headers[name]
  noteForwarded(req, { ends, approve: (res, found) => approve(res, found, epoch) })
  return true
}

function endsOf(text: string): ConnectionEnds {
  const [remoteAddress = '', remotePort, localAddress, localPort] = text.split(' ')
  return { remoteAddress, remotePort: Number(remotePort), localAddress, localPort: Number(localPort) }
}

/** @param epoch as it was when the request came: what changed meanwhile is newer than what was found */
function approve(
  res: ServerResponse,
  { user, proof, setCookie, until, hasDocument }: FoundUser,
  epoch: number,
): void {
  if (until === undefined || setCookie !== undefined) return
  const counts = [
    ...(hasDocument === true ? ['couchdb/auth_cache_hits'] : []),
    ...(user.authenticated === 'default' ? ['couchdb/password_hashing_fast'] : []),
  ]
  const approval: Approval = {
    user,
    proof,
    epoch,
    lifetimeMs: Math.min(until - Date.now(), MAX_APPROVAL_MS),
    counts,
  }
  const text = JSON.stringify(approval)
  if (text.length <= MAX_APPROVAL) res.setHeader(LINK_APPROVAL, Buffer.from(text).toString('base64url'))
}
