import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { request, type Dispatcher } from 'undici'
import { StartError } from '../config/start-error.ts'
import { type S3Method, type S3Settings, signRequest } from './s3-signature.ts'

/** Content of an object. */
export interface S3Content {
  /** In hex: the server compares it with what comes. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
  /** Called again for each try. */
  readonly open: () => Uint8Array | Readable
}

type Answer = Dispatcher.ResponseData

const TRIES = 5
/** Pause before the second try, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE_MS = 500
/** Longest silence of the server. */
const TIMEOUT_MS = 60_000

/** Objects of a bucket, with requests that are signed (AWS Signature Version 4) and tried again where the server is busy. */
export class S3Bucket {
  readonly #settings: S3Settings

  constructor(settings: S3Settings) {
    this.#settings = settings
  }

  /** Lists the keys that begin with a text. */
  async list(prefix: string): Promise<string[]> {
    const keys: string[] = []
    let token: string | undefined
    do {
      const query = new URLSearchParams({ 'list-type': '2', prefix })
      if (token !== undefined) query.set('continuation-token', token)
      const text = await (await this.#send('GET', `?${query.toString()}`)).body.text()
      keys.push(...[...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => unescapeXml(key)))
      const [, next] = /<NextContinuationToken>([^<]*)</.exec(text) ?? []
      token = next === undefined ? undefined : unescapeXml(next)
    } while (token !== undefined)
    return keys
  }

  /** Returns the bytes of an object; undefined where there is none. */
  async sizeOf(key: string): Promise<number | undefined> {
    const { statusCode, headers, body } = await this.#send('HEAD', pathOf(key), { allowed: [404] })
    await body.dump()
    return statusCode === 404 ? undefined : Number(headers['content-length'])
  }

  async *get(key: string): AsyncGenerator<Uint8Array> {
    const { body } = await this.#send('GET', pathOf(key))
    for await (const bytes of body) yield bytes as Uint8Array
  }

  async put(key: string, content: S3Content): Promise<void> {
    await (await this.#send('PUT', pathOf(key), { content })).body.dump()
  }

  async delete(key: string): Promise<void> {
    await (await this.#send('DELETE', pathOf(key), { allowed: [404] })).body.dump()
  }

  /** @throws {StartError} with the server's words, for other answers than 2xx and those that are allowed */
  async #send(
    method: S3Method,
    path: string,
    options: { readonly content?: S3Content; readonly allowed?: readonly number[] } = {},
  ): Promise<Answer> {
    for (let turn = 1; ; turn++) {
      const answer = await this.#sendOnce(method, path, options.content).catch(
        (error: unknown) => error as Error,
      )
      const status = answer instanceof Error ? 0 : answer.statusCode
      if (!(answer instanceof Error) && (status < 300 || options.allowed?.includes(status) === true))
        return answer
      const mayPass = status === 0 || status === 429 || status >= 500
      const reason = answer instanceof Error ? answer.message : await reasonOf(answer)
      if (!mayPass || turn === TRIES)
        throw new StartError(`${method} ${this.#settings.url}${path}: ${reason}`)
      await sleep(FIRST_PAUSE_MS * 2 ** (turn - 1))
    }
  }

  async #sendOnce(method: S3Method, path: string, content: S3Content | undefined): Promise<Answer> {
    const { url, headers } = await signRequest(this.#settings, { method, path, sha256: content?.sha256 })
    return request(url, {
      method,
      headers: { ...headers, ...(content === undefined ? {} : { 'content-length': String(content.size) }) },
      body: content?.open() ?? null,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    })
  }
}

function pathOf(key: string): string {
  return `/${key.split('/').map(encodeURIComponent).join('/')}`
}

async function reasonOf({ statusCode, body }: Answer): Promise<string> {
  const text = await body.text().catch(() => '')
  const [, message = 'no reason is given'] = /<Message>([^<]*)</.exec(text) ?? []
  return `${statusCode}, ${unescapeXml(message)}`
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  return text.replace(/&(\w+);/g, (all, name: string) => ENTITIES[name] ?? all)
}
