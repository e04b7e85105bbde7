import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { undici } from './undici.ts'

/**
 * Makes the HTTP client compile its parser, by one exchange with a server of its own. Compiling takes some
 * 30 MB for a moment: better while nothing else goes on than on top of the first replication.
 */
export async function warmUp(): Promise<void> {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new (undici().Client)(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    const { body } = await client.request({ method: 'GET', path: '/' })
    await body.dump()
  } finally {
    await client.close()
    server.close()
  }
}
