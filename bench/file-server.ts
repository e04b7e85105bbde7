// The ceiling of attachments: node:http alone, that writes a body to a file and syncs it, and reads it back.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const dir = mkdtempSync(join(tmpdir(), 'couchette-files-'))
process.once('SIGTERM', () => {
  rmSync(dir, { recursive: true, force: true })
  process.exit()
})

async function put(request: http.IncomingMessage, file: string): Promise<void> {
  await pipeline(request, createWriteStream(file))
  const handle = await open(file, 'r+')
  await handle.sync()
  await handle.close()
}

async function serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const file = join(dir, basename(request.url ?? ''))
  if (request.method === 'PUT') {
    await put(request, file)
    response.writeHead(201).end()
    return
  }
  request.resume()
  response.writeHead(200, { 'content-type': 'application/octet-stream' })
  await pipeline(createReadStream(file), response)
}

const server = http.createServer((request, response) => void serve(request, response))

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
})
