import { GatheredBytes } from '../../protocol/gathered-bytes.ts'
import { boundaryOf } from '../../protocol/multipart/content-type.ts'
import { MultipartParser } from '../../protocol/multipart/parser.ts'
import type { MultipartEvent } from '../../protocol/multipart/parser.ts'
import { PeerError } from '../peer-error.ts'
import type { FetchedRevision, OpenedRevision } from '../peer.ts'
import { checkHeld, chunks, header, notJson, otherShape, readAll } from './answer.ts'
import type { PeerAnswer } from './answer.ts'
import { BulkGetScanner, OPEN_REVS_ENTRY, pushed } from './bulk-get-scanner.ts'
import type { PeerRequest } from './http-client.ts'
import { isObject } from './shapes.ts'

const MAX_QUERY_CHARACTERS = 4000
const ESCAPED_QUOTES_AND_COMMA = 9
/** Maximum bytes of a multipart body that belong to no document or attachment. */
const MAX_EMPTY_BYTES = 1024 * 1024
const ERROR = /;\s*error="?true"?/i

/** A document id in a path: the slash of design documents stays; dots alone would mean another path. */
export function encodeDocId(id: string): string {
  if (id === '.' || id === '..') return id.replaceAll('.', '%2E')
  return id.startsWith('_design/') ? `_design/${encodeURIComponent(id.slice(8))}` : encodeURIComponent(id)
}

/** The request for one revision or the leaves after it, as multipart/mixed. */
export function openRevisionRequest(
  id: string,
  rev: string,
  possibleAncestors: readonly string[],
): PeerRequest {
  const query = ['revs=true', 'latest=true', `open_revs=${json([rev])}`]
  const known = withinUrl(possibleAncestors)
  if (known.length > 0) query.push(`atts_since=${json(known)}`)
  return {
    method: 'GET',
    path: `${encodeDocId(id)}?${query.join('&')}`,
    headers: { accept: 'multipart/mixed' },
  }
}

/** The request for one revision as JSON with its attachments in it, for peers that know no multipart. */
export function inlineRevisionRequest(id: string, rev: string): PeerRequest {
  const query = `rev=${encodeURIComponent(rev)}&revs=true&attachments=true`
  return { method: 'GET', path: `${encodeDocId(id)}?${query}`, headers: { accept: 'application/json' } }
}

/** A document's JSON as it comes. */
export async function* readInlineRevision(answer: PeerAnswer): AsyncGenerator<OpenedRevision> {
  const json = await readAll(answer, answer.limits.maxDocument)
  checkObject(json, answer)
  yield { kind: 'document', json }
}

/** Returns as many revisions as fit into a URL; without the others, attachments may be sent needlessly. */
function withinUrl(revs: readonly string[]): readonly string[] {
  let length = 0
  return revs.filter(rev => (length += rev.length + ESCAPED_QUOTES_AND_COMMA) <= MAX_QUERY_CHARACTERS)
}

/**
 * The revisions of a multipart/mixed answer: parts of JSON, and parts of multipart/related whose bytes go on as they
 * come. Peers that know no multipart answer JSON; attachments are only named there.
 */
export async function* readRevisions(answer: PeerAnswer): AsyncGenerator<OpenedRevision | FetchedRevision> {
  const boundary = boundaryOf(header(answer, 'content-type'))
  if (boundary === undefined) {
    yield* readJsonRevisions(answer)
    return
  }
  const events = new Events(answer, boundary)
  for (let event = await events.next(); event; event = await events.next()) {
    if (event.kind !== 'headers') continue
    const type = event.headers.get('content-type') ?? ''
    if (!type.startsWith('multipart/')) yield fromJson(await events.body(), type, answer)
    else {
      const body = events.stream()
      yield { kind: 'multipart', rev: '', contentType: type, body }
      // What its reader left has to be passed over to come to the next part.
      for await (const _ of body);
    }
  }
}

async function* readJsonRevisions(answer: PeerAnswer): AsyncGenerator<FetchedRevision> {
  const scanner = new BulkGetScanner(OPEN_REVS_ENTRY)
  for await (const chunk of chunks(answer)) {
    const found = pushed(scanner, chunk, answer)
    checkHeld(answer, scanner.held, answer.limits.maxDocument)
    yield* found
  }
  if (!scanner.complete) throw notJson(answer)
}

function fromJson(json: Buffer, type: string, answer: PeerAnswer): OpenedRevision {
  const { missing, error, reason } = checkObject(json, answer)
  if (!ERROR.test(type)) return { kind: 'document', json }
  // Not missing: the peer cannot read it, and says why.
  if (typeof error === 'string') throw new PeerError(error, String(reason), { status: 500 })
  return { kind: 'missing', rev: typeof missing === 'string' ? missing : '' }
}

/** @throws PeerError `no_couchdb` for what is no JSON object: it would end up in the middle of a request */
function checkObject(json: Buffer, answer: PeerAnswer): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(json.toString())
  } catch (cause) {
    throw notJson(answer, cause)
  }
  if (!isObject(value)) throw otherShape(answer)
  return value
}

/** Pulls the events of a multipart body one by one. */
class Events {
  readonly #answer: PeerAnswer
  readonly #source: AsyncIterator<Buffer>
  readonly #parser: MultipartParser
  #queue: MultipartEvent[] = []

  constructor(answer: PeerAnswer, boundary: string) {
    this.#answer = answer
    this.#source = chunks(answer)[Symbol.asyncIterator]()
    this.#parser = new MultipartParser(boundary)
  }

  /** Returns the next bytes; undefined at the end of the body. */
  async next(): Promise<MultipartEvent | undefined> {
    let empty = 0
    while (this.#queue.length === 0) {
      const step = await this.#source.next()
      if (step.done) return this.#end()
      this.#queue = this.#parsed(step.value)
      empty += step.value.length
      if (this.#queue.length === 0) checkHeld(this.#answer, empty, MAX_EMPTY_BYTES)
    }
    const event = this.#queue.shift()
    return event?.kind === 'end' ? undefined : event
  }

  #parsed(chunk: Buffer): MultipartEvent[] {
    try {
      return this.#parser.push(chunk)
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause)
      const reason = `the answer to ${this.#answer.request} cannot be read: ${said}`
      throw new PeerError('no_couchdb', reason, { transient: true, cause })
    }
  }

  /** The rest of the current part, as it comes. */
  async *stream(): AsyncGenerator<Buffer> {
    for (let event = await this.next(); event?.kind === 'body'; event = await this.next()) yield event.bytes
  }

  /** The rest of the current part, which must not be longer than a document. */
  async body(): Promise<Buffer> {
    const bytes = new GatheredBytes()
    for await (const part of this.stream()) {
      bytes.push(part)
      checkHeld(this.#answer, bytes.length, this.#answer.limits.maxDocument)
    }
    return bytes.take()
  }

  #end(): undefined {
    if (this.#parser.ended) return undefined
    const reason = `the answer to ${this.#answer.request} was cut short`
    throw new PeerError('connection_closed', reason, { transient: true })
  }
}

function json(value: unknown): string {
  return encodeURIComponent(JSON.stringify(value))
}
