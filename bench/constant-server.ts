// The ceiling of every request: node:http alone, answering a constant of the size of a document.
import http from 'node:http'
import { benchDocument } from './documents.ts'

const answer = Buffer.from(`${JSON.stringify(benchDocument(1))}\n`)
const headers = { 'content-type': 'application/json', 'content-length': answer.length }

const server = http.createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(200, headers).end(answer))
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
})
