import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { sendForEver, sendJson, type Reply } from './false-peer.ts'

export const MIB = 1024 * 1024

export const JSON_TYPE = { 'content-type': 'application/json' }
export const ROW = JSON.stringify({
  seq: '1-x',
  id: 'a',
  changes: [{ rev: '1-967a00dff5e02add41819138abb3284d' }],
})
const FILLER = Buffer.alloc(64 * 1024, 'x')

export function endless(
  response: ServerResponse,
  begin: string,
  piece: string | Buffer,
  headers: object = JSON_TYPE,
): void {
  response.writeHead(200, { ...headers })
  response.write(begin)
  sendForEver(response, piece)
}

export const at =
  (path: string, answer: (response: ServerResponse, body: string) => void): Reply =>
  (request, response, body) => {
    if (!(request.url ?? '').startsWith(`/db/${path}`)) return false
    answer(response, body)
    return true
  }

/** Only the requests of single documents: those whose path is no special one. */
export const atDocument =
  (answer: (response: ServerResponse) => void): Reply =>
  (request, response) => {
    const url = request.url ?? ''
    if (url.startsWith('/db/_bulk_get')) sendJson(response, 404, {})
    else if (!url.startsWith('/db/a?')) return false
    else answer(response)
    return true
  }

export const MULTIPART = { 'content-type': 'multipart/mixed; boundary="b"' }

/** The beginning of a document's part. */
export const PART = '--b\r\ncontent-type: application/json\r\n\r\n{"_id":"'

/** Made before memory is measured. */
const BOMB = gzipSync(Buffer.concat([Buffer.from(PART), Buffer.alloc(200 * MIB, 'x')]))

/** Sources whose answers have no end, or are longer than anything. */
export const ENDLESS: Record<string, Reply> = {
  'a database': (request, response) =>
    request.url === '/db/' ? (endless(response, '{"update_seq":"', FILLER), true) : false,
  'an error': (request, response) => {
    if (request.url !== '/db/') return false
    response.writeHead(500, JSON_TYPE)
    sendForEver(response, FILLER)
  },
  'a checkpoint': at('_local', response => endless(response, '{"_id":"', FILLER)),
  'a checkpoint of many elements': at('_local', response =>
    endless(response, '{"history":[', '{},'.repeat(20_000)),
  ),
  'a row': at('_changes', response => endless(response, '{"results":[{"id":"', FILLER)),
  'a row of many revisions': at('_changes', response =>
    endless(response, '{"results":[{"changes":[', '{"rev":"1-a"},'.repeat(5000)),
  ),
  brackets: at('_changes', response => endless(response, '', '['.repeat(10_000))),
  'a document': at('_bulk_get', response => endless(response, '{"results":[{"docs":[{"ok":{"_id":"', FILLER)),
  'documents that were not asked for': at('_bulk_get', response =>
    endless(response, '{"results":[', '{"id":"x","docs":[{"ok":{"_id":"x","_rev":"1-a"}}]},'.repeat(500)),
  ),
  'a part': atDocument(response => endless(response, PART, FILLER, MULTIPART)),
  'headers of a part': atDocument(response => endless(response, '--b\r\nx: ', FILLER, MULTIPART)),
  'what comes before the first part': atDocument(response => endless(response, '', FILLER, MULTIPART)),
  parts: atDocument(response =>
    endless(
      response,
      '--b',
      '\r\ncontent-type: application/json\r\n\r\n{"_id":"a","_rev":"1-967a00dff5e02add41819138abb3284d"}\r\n--b'.repeat(
        100,
      ),
      MULTIPART,
    ),
  ),
  'a part that is a gzip bomb': atDocument(response => {
    response.writeHead(200, { ...MULTIPART, 'content-encoding': 'gzip' })
    response.end(BOMB)
  }),
  'a part that is longer than announced': atDocument(response =>
    endless(response, PART, FILLER, { ...MULTIPART, 'content-length': '1000' }),
  ),
  'a gzip bomb': at('_local', response => {
    response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' })
    response.end(gzipSync(Buffer.alloc(200 * MIB, '[')))
  }),
}
