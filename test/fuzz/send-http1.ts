import { connect } from 'node:net'
import type { WireRequest } from './mutated-requests.ts'

/** An answer that goes on, as feeds do, is read for so long. */
export const READ_MS = 500
/** Silence before the head of an answer that counts as a hang: longpolls wait for their timeout. */
export const HANG_MS = 90_000
const MOST_CHARACTERS = 100_000

/** Returns a request as bytes, with an administrator's credentials. */
export function encodeRequest(url: string, { method, path, headers, body }: WireRequest): Buffer {
  const all = {
    host: 'x',
    authorization: authorizationOf(url),
    connection: 'close',
    ...headers,
    'content-length': String(body.length),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    body,
  ])
}

export function authorizationOf(url: string): string {
  const { username, password } = new URL(url)
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/**
 * Sends bytes as they are and returns what came back: the head of the answer and what followed within a moment.
 *
 * @param end closes this side of the connection behind the bytes
 */
export function sendBytes(url: string, bytes: Buffer, { end = false } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let answer = ''
    const finish = (): void => {
      clearTimeout(hang)
      socket.destroy()
      resolve(answer)
    }
    const hang = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer within ${HANG_MS} ms`))
    }, HANG_MS)
    socket.on('data', (chunk: Buffer) => {
      if (answer === '') setTimeout(finish, READ_MS).unref()
      if (answer.length < MOST_CHARACTERS) answer += chunk.toString('latin1')
    })
    // A server that refuses a body may close before all of it was sent.
    socket.on('error', finish).on('close', finish)
    if (end) socket.end(bytes)
    else socket.write(bytes)
  })
}
