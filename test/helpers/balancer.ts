import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A balancer that sends each request to another server than the one before. */
export interface Balancer {
  /** With the credentials of the first server. */
  readonly url: string
  close(): Promise<void>
}

/** @param targets URLs of servers, with credentials */
export async function startBalancer(targets: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true })
  let turn = 0
  const server = createServer((req, res) => {
    const { hostname, port } = new URL(targets[turn++ % targets.length]!)
    const { method, url: path, headers } = req
    const passed = request({ agent, hostname, port, method, path, headers }, answer => {
      res.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(res)
      answer.once('error', () => res.destroy())
    })
    passed.on('error', () => res.destroy())
    res.once('close', () => passed.destroy())
    req.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(targets[0]!)
  url.port = String((server.address() as AddressInfo).port)
  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    agent.destroy()
    await closed
  }
  return { url: url.href.replace(/\/$/, ''), close }
}
