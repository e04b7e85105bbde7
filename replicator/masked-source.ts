import { randomBytes } from 'node:crypto'
import { GatheredBytes } from '../protocol/gathered-bytes.ts'
import type { Mask } from '../protocol/masks.ts'
import { boundaryOf } from '../protocol/multipart/content-type.ts'
import type { PartHeaders } from '../protocol/multipart/headers.ts'
import { type MultipartEvent, MultipartParser } from '../protocol/multipart/parser.ts'
import { CLOSING, delimiter, relatedContentType, relatedHead } from '../protocol/multipart/related.ts'
import { BadEvent } from '../protocol/streams/bad-event.ts'
import { type ExactObject, isExactObject, parseExact, printExact } from '../protocol/streams/exact-json.ts'
import { ForwardingPeer } from './forwarding-peer.ts'
import { keepDocument } from './keep-document.ts'
import { PeerError } from './peer-error.ts'
import type { FetchedRevision, MissingRevisions, OpenedRevision, Peer } from './peer.ts'

/** A source of which values are hidden before anybody else gets them; revisions keep their ids. */
export class MaskedSource extends ForwardingPeer {
  readonly #mask: Mask

  constructor(source: Peer, mask: Mask) {
    super(source)
    this.#mask = mask
  }

  override async *bulkGet(
    wanted: readonly MissingRevisions[],
    signal: AbortSignal,
  ): AsyncGenerator<FetchedRevision[]> {
    for await (const found of this.peer.bulkGet(wanted, signal))
      yield found.map(revision =>
        revision.kind === 'document' ? { kind: 'document', json: this.#masked(revision.json) } : revision,
      )
  }

  override async *openRevision(
    wanted: Parameters<Peer['openRevision']>[0],
    signal: AbortSignal,
  ): AsyncGenerator<OpenedRevision> {
    for await (const revision of this.peer.openRevision(wanted, signal)) {
      if (revision.kind === 'missing') yield revision
      else if (revision.kind === 'document') yield { kind: 'document', json: this.#masked(revision.json) }
      else yield await this.#maskedParts(revision)
    }
  }

  override async getDocument(id: string, signal: AbortSignal): Promise<unknown> {
    const document = await this.peer.getDocument(id, signal)
    if (document === null) return null
    const masked = this.#masked(Buffer.from(JSON.stringify(document)))
    return JSON.parse(Buffer.from(masked).toString()) as unknown
  }

  #masked(json: Uint8Array): Uint8Array {
    return Buffer.from(printExact(this.#mask.apply(parsed(json))))
  }

  /** Reads the document, and leaves its attachments to be read. */
  async #maskedParts(revision: OpenedRevision & { kind: 'multipart' }): Promise<OpenedRevision> {
    const parts = new Parts(revision)
    const document = parsed(await parts.document())
    const masked = this.#mask.apply(document)
    const kept = attachmentsOf(masked)
    const keeps = sentNames(document).map(name => kept?.has(name) === true)
    const json = Buffer.from(printExact(masked))
    if (!keeps.includes(true)) return { kind: 'document', json }
    const boundary = randomBytes(16).toString('hex')
    const body = parts.others(boundary, json, keeps)
    return { ...revision, contentType: relatedContentType(boundary), body }
  }
}

/** The parts of a `multipart/related` body, one after another. */
class Parts {
  readonly #parser: MultipartParser
  readonly #body: AsyncIterator<Uint8Array>
  #events: MultipartEvent[] = []

  constructor({ contentType, body }: OpenedRevision & { kind: 'multipart' }) {
    this.#parser = new MultipartParser(boundaryOf(contentType) ?? '')
    this.#body = body[Symbol.asyncIterator]()
  }

  async document(): Promise<Uint8Array> {
    const bytes = new GatheredBytes()
    for (let event = await this.#next(); event.kind !== 'part-end'; event = await this.#next()) {
      if (event.kind === 'end') throw cutOff()
      if (event.kind === 'body') keepDocument(bytes, event.bytes)
    }
    return bytes.take()
  }

  /** Writes another body: a document, and those of the attachments that are kept. */
  async *others(
    boundary: string,
    json: Uint8Array,
    keeps: readonly boolean[],
  ): AsyncGenerator<Uint8Array, void, undefined> {
    yield relatedHead(boundary, json)
    let index = -1
    for (let event = await this.#next(); event.kind !== 'end'; event = await this.#next()) {
      if (event.kind === 'headers') index++
      if (keeps[index] !== true) continue
      if (event.kind === 'headers') yield headBytes(event.headers)
      else yield event.kind === 'body' ? event.bytes : delimiter(boundary)
    }
    yield CLOSING
  }

  async #next(): Promise<MultipartEvent> {
    while (this.#events.length === 0) {
      const step = await this.#body.next()
      if (step.done === true) throw cutOff()
      this.#events = this.#parser.push(step.value)
    }
    return this.#events.shift()!
  }
}

/** @throws PeerError `doc_validation` for what is no document: it cannot be told what of it is to be hidden */
function parsed(json: Uint8Array): ExactObject {
  try {
    const document = parseExact(json)
    if (isExactObject(document)) return document
  } catch (error) {
    if (!(error instanceof BadEvent)) throw error
  }
  throw new PeerError('doc_validation', 'a document that cannot be read cannot be masked', { status: 400 })
}

function attachmentsOf(document: ExactObject): ExactObject | undefined {
  const attachments = document.get('_attachments')
  return isExactObject(attachments) ? attachments : undefined
}

/** Names of the attachments whose data follow, in the order in which they do. */
function sentNames(document: ExactObject): string[] {
  return [...(attachmentsOf(document) ?? [])].flatMap(([name, attachment]) =>
    isExactObject(attachment) && attachment.get('follows') === true ? [name] : [],
  )
}

function headBytes(headers: PartHeaders): Buffer {
  return Buffer.from(`${Array.from(headers, ([name, value]) => `\r\n${name}: ${value}`).join('')}\r\n\r\n`)
}

function cutOff(): PeerError {
  return new PeerError('bad_document', 'a document with attachments was cut off', { transient: true })
}
