import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { HANG_MS, READ_MS } from './send-http1.ts'
import type { WireRequest } from './mutated-requests.ts'

/** Answers of requests over one connection, which is opened again after it was closed. */
export class Http2Client {
  readonly #url: string
  readonly #authorization: string
  #session: ClientHttp2Session | undefined

  /** @param url of the port with TLS */
  constructor(url: string, authorization: string) {
    this.#url = url
    this.#authorization = authorization
  }

  /** Sends a request; returns the status and what followed within a moment, or the code with which the stream was ended. */
  async send(request: WireRequest): Promise<string> {
    const answer = await this.#sendOnce(request)
    // The server closed the connection, which was idle, just when the request went out.
    return answer === 'ended with code 0' ? this.#sendOnce(request) : answer
  }

  #sendOnce(request: WireRequest): Promise<string> {
    const session = this.#open()
    return new Promise((resolve, reject) => {
      let stream: ClientHttp2Stream
      try {
        stream = session.request(this.#headersOf(request), { endStream: request.body.length === 0 })
      } catch (error) {
        // A header that the client itself does not send.
        resolve(`refused by the client: ${String(error)}`)
        return
      }
      let answer = ''
      const finish = (): void => {
        clearTimeout(hang)
        stream.destroy()
        resolve(answer === '' ? `ended with code ${stream.rstCode}` : answer)
      }
      const hang = setTimeout(() => {
        session.destroy()
        reject(new Error(`no answer within ${HANG_MS} ms`))
      }, HANG_MS)
      stream.once('response', headers => {
        answer = `HTTP/2 ${headers[':status']}\r\n\r\n`
        setTimeout(finish, READ_MS).unref()
      })
      stream.on('data', (chunk: Buffer) => void (answer += chunk.toString('latin1')))
      stream.on('error', finish).on('close', finish)
      if (request.body.length > 0) stream.end(request.body)
    })
  }

  close(): void {
    this.#session?.destroy()
  }

  #open(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connectHttp2(this.#url, { rejectUnauthorized: false })
      this.#session.on('error', () => undefined)
    }
    return this.#session
  }

  #headersOf({ method, path, headers }: WireRequest): Record<string, string> {
    // Headers of one connection are none of HTTP/2.
    const { connection: _connection, ...sent } = headers
    return { ':method': method, ':path': path, authorization: this.#authorization, ...sent }
  }
}

/**
 * Sends bytes on a connection that agreed on HTTP/2; resolves with what came back when it is closed. This side is closed
 * behind the bytes, as a client that is gone.
 */
export function sendFrames(url: string, bytes: Buffer): Promise<Buffer> {
  const port = Number(new URL(url).port)
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
    const finish = (): void => {
      clearTimeout(hang)
      socket.destroy()
      resolve(Buffer.concat(parts))
    }
    const hang = setTimeout(() => {
      socket.destroy()
      reject(new Error(`the connection stayed open for ${HANG_MS} ms`))
    }, HANG_MS)
    socket.on('data', (part: Buffer) => void parts.push(part))
    socket.on('error', finish).on('close', finish)
    socket.end(bytes)
  })
}
