import { createServer, request as ask } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A proxy as companies have them: what it is asked for by URL it fetches, and to TLS it makes tunnels. */
export interface ForwardProxy {
  /** Without credentials. */
  readonly url: string
  /** Requests that it got: "GET 127.0.0.1:5984", "CONNECT 127.0.0.1:6984". */
  readonly asked: readonly string[]
  /** Closes all connections; idempotent. */
  readonly close: () => void
}

/** @param credentials "user:password" that it wants; other requests are refused with 407 */
export async function startForwardProxy(credentials?: string): Promise<ForwardProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
  const mayPass = ({ headers }: IncomingMessage): boolean =>
    wanted === undefined || headers['proxy-authorization'] === wanted
  const server = createServer((request, response) => {
    const { host } = new URL(request.url ?? '')
    asked.push(`${request.method} ${host}`)
    if (mayPass(request)) fetchFor(request, response)
    else response.writeHead(407).end()
  })
  server.on('connection', socket => sockets.add(socket.on('close', () => sockets.delete(socket))))
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(`CONNECT ${request.url}`)
    if (mayPass(request)) tunnel(request, socket)
    else socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close }
}

function fetchFor(request: IncomingMessage, response: ServerResponse): void {
  const { hostname, port, pathname, search } = new URL(request.url ?? '')
  const { 'proxy-authorization': _, ...headers } = request.headers
  const onward = ask({ hostname, port, path: pathname + search, method: request.method, headers }, answer => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('error', () => response.destroy()).pipe(response)
  })
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}

function tunnel({ url = '' }: IncomingMessage, socket: Socket): void {
  const { hostname, port } = new URL(`http://${url}`)
  const onward = connect(Number(port), hostname, () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    onward.pipe(socket).pipe(onward)
  })
  onward.on('error', () => socket.destroy())
  socket.on('error', () => onward.destroy()).on('close', () => onward.destroy())
}
