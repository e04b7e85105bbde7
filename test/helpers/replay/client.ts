import http from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import { Feed } from './feed.ts'
import { fill } from './placeholders.ts'
import type { Vars } from './placeholders.ts'
import type { Query, RequestSpec } from './scenario.ts'

const ANSWER_TIMEOUT_MS = 30_000

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly raw: Buffer
}

/** Sends a scenario's requests to one server, and holds the feeds that it opened until `close()`. */
export class Client {
  readonly vars: Vars
  readonly #host: string
  readonly #port: number
  readonly #auth: string | undefined
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  readonly #feeds = new Map<string, Feed>()

  /** @param url the server's, with the admin's credentials */
  constructor(url: string, vars: Vars = {}) {
    const { hostname, port, username, password } = new URL(url)
    this.#host = hostname
    this.#port = Number(port || 80)
    if (username) this.#auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    const host = `${this.#host}:${this.#port}`
    const credentials = this.#auth === undefined ? '' : `${this.#auth}@`
    this.vars = { url: `http://${credentials}${host}`, bareurl: `http://${host}`, host, ...vars }
  }

  /** @throws when there is no answer within 30 seconds */
  async send(spec: RequestSpec): Promise<RawAnswer> {
    const { options, payload } = this.#prepare(spec)
    const response = await request({ ...options, agent: this.#agent }, payload)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { ...headOf(response), raw: Buffer.concat(chunks) }
  }

  /** Opens a feed on a connection of its own; the answer's body is then read with {@link feed}. */
  async open(name: string, spec: RequestSpec): Promise<RawAnswer> {
    const { options, payload } = this.#prepare(spec)
    const response = await request({ ...options, agent: false }, payload)
    response.socket.setTimeout(0)
    this.#feeds.set(name, new Feed(response))
    return { ...headOf(response), raw: Buffer.alloc(0) }
  }

  feed(name: string): Feed {
    const feed = this.#feeds.get(name)
    if (feed === undefined) throw new Error(`feed ${name} is not open`)
    return feed
  }

  closeFeed(name: string): void {
    this.#feeds.get(name)?.close()
    this.#feeds.delete(name)
  }

  close(): void {
    for (const name of this.#feeds.keys()) this.closeFeed(name)
    this.#agent.destroy()
  }

  #prepare(spec: RequestSpec): { options: RequestOptions; payload: Buffer | undefined } {
    const headers = headersOf(spec, this.vars)
    const payload = payloadOf(spec, this.vars)
    if (payload !== undefined && spec.chunked !== true) headers['content-length'] = String(payload.length)
    const path = fill(spec.path, this.vars) + queryOf(spec.query, this.vars)
    const auth = this.#authOf(spec)
    const options: RequestOptions = { host: this.#host, port: this.#port, method: spec.method, path, headers }
    return { options: auth === undefined ? options : { ...options, auth }, payload }
  }

  #authOf(spec: RequestSpec): string | undefined {
    if (spec.as === undefined) return this.#auth
    return spec.as === 'anonymous' ? undefined : fill(spec.as, this.vars)
  }
}

function request(options: RequestOptions, payload: Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = http.request(options, resolve)
    sent.setTimeout(ANSWER_TIMEOUT_MS, () => sent.destroy(new Error(`no answer in ${ANSWER_TIMEOUT_MS} ms`)))
    sent.on('error', reject)
    sent.end(payload)
  })
}

function headOf(response: IncomingMessage): { status: number; headers: IncomingHttpHeaders } {
  return { status: response.statusCode ?? 0, headers: response.headers }
}

function queryOf(query: Query | undefined, vars: Vars): string {
  if (!query) return ''
  const pairs = Object.entries(query).map(([name, value]) => {
    const filled = fill(value, vars)
    const text = typeof filled === 'string' ? filled : JSON.stringify(filled)
    return `${encodeURIComponent(name)}=${encodeURIComponent(text)}`
  })
  return `?${pairs.join('&')}`
}

function headersOf(spec: RequestSpec, vars: Vars): Record<string, string> {
  const given: Record<string, string | null> = {
    accept: 'application/json',
    ...fill(spec.headers ?? {}, vars),
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) if (value !== null) headers[name] = value
  const typed = Object.keys(headers).some(name => name.toLowerCase() === 'content-type')
  if (spec.body !== undefined && !typed) headers['content-type'] = 'application/json'
  return headers
}

function payloadOf(spec: RequestSpec, vars: Vars): Buffer | undefined {
  if (spec.body !== undefined) return Buffer.from(JSON.stringify(fill(spec.body, vars)))
  if (spec.base64 !== undefined) return Buffer.from(spec.base64, 'base64')
  if (spec.text === undefined) return undefined
  return Buffer.from(fill(spec.text, vars).replace(/\r?\n/g, spec.crlf === true ? '\r\n' : '\n'))
}
