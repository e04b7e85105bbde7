import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { makeSelfSigned } from '../../../server/tls/self-signed.ts'

/** Something that listens and is no CouchDB. */
export interface Stranger {
  readonly url: string
  /** Closes all connections; idempotent. */
  close(): void
}

/** Greets whoever connects, as servers of other protocols do. */
export function otherProtocol(): Promise<Stranger> {
  return listening(
    createTcpServer(socket => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.6\r\n')),
  )
}

/** Answers every request with a page that never ends. */
export function endlessPage(): Promise<Stranger> {
  const piece = Buffer.alloc(1024 * 1024, '<p>more')
  return listening(
    createHttpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      }
      response.on('drain', more)
      more()
    }),
  )
}

/** Has a certificate that nobody vouches for. */
export async function unknownCertificate(): Promise<Stranger> {
  return listening(
    createHttpsServer(await makeSelfSigned(['127.0.0.1']), (_request, response) => response.end('{}')),
    'https',
  )
}

async function listening(server: Server, scheme = 'http'): Promise<Stranger> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket.on('close', () => sockets.delete(socket))))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { url: `${scheme}://127.0.0.1:${port}`, close }
}
