import type { DocumentInput, DocumentLimits } from '../../../protocol/document/document-input.ts'
import { parseDocumentInSteps } from '../../../protocol/document/parse.ts'
import { fail } from '../../../protocol/errors.ts'
import { boundaryOf, parseMediaType } from '../../../protocol/multipart/content-type.ts'
import type { PartHeaders } from '../../../protocol/multipart/headers.ts'
import { MultipartParser, type MultipartEvent } from '../../../protocol/multipart/parser.ts'
import { inTurns, runInTurns } from '../../concurrency/time-slice.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import { FollowingAttachments } from '../../attachments/following.ts'
import type { ReceivedAttachment } from '../../attachments/upload.ts'
import { GatheredBytes } from '../../../protocol/gathered-bytes.ts'
import { decodedBody, heldBody, streamBody } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { documentLimits } from '../shared/document-limits.ts'

/** A document that came with its attachments behind it. */
export interface RelatedDocument {
  readonly input: DocumentInput
  /** Of the attachments that follow, in the order of `_attachments`; to be released. */
  readonly received: readonly ReceivedAttachment[]
}

/** Returns true if the request's body is a `multipart/related` document. */
export function isRelated(ctx: RequestContext): boolean {
  return ctx.get('Content-Type').toLowerCase().startsWith('multipart/related;')
}

/**
 * Reads a `multipart/related` body: the document's JSON, then a part for each attachment that follows. Whatever fails,
 * nothing is left behind.
 *
 * @throws `bad_request`, `bad_content_type` and what `parseDocument` throws
 */
export async function readRelated(ctx: RequestContext): Promise<RelatedDocument> {
  const { config, attachments } = ctx.services
  const limit = config.integer('chttpd', 'max_http_request_size')
  if (Number(ctx.get('Content-Length')) > limit) throw fail('tooLarge', 'the request entity is too large')
  const boundary = boundaryOf(ctx.get('Content-Type'))
  if (boundary === undefined) throw fail('malformedMultipart', 'there is no boundary')
  const limits = documentLimits(ctx)
  // A part names its attachment, and what a document's JSON may name has to arrive.
  const parser = new MultipartParser(boundary, { maxHeaderBytes: limits.maxSize + JSON_ALLOWANCE })
  const document = new RelatedReader(attachments, limits)
  const held = heldBody(ctx)
  try {
    for await (const bytes of streamBody(ctx, decodedBody(ctx))) {
      held.grow(document.jsonBytes + parser.headerBytes + bytes.length)
      await inTurns(parser.push(bytes), event => document.take(event))
    }
    return await document.finish()
  } catch (error) {
    await document.abort()
    throw error
  }
}

/** Room for the metadata of attachments and escapes beside a document of the largest size. */
const JSON_ALLOWANCE = 16 * 1024 * 1024

class RelatedReader {
  readonly #attachments: Attachments
  readonly #limits: Required<DocumentLimits>
  #json = new GatheredBytes()
  #ended = false
  #input: DocumentInput | undefined
  #following: FollowingAttachments | undefined

  constructor(attachments: Attachments, limits: Required<DocumentLimits>) {
    this.#attachments = attachments
    this.#limits = limits
  }

  /** Bytes of the document, which are held until all of its attachments are there. */
  get jsonBytes(): number {
    return this.#json.length
  }

  async take(event: MultipartEvent): Promise<void> {
    if (event.kind === 'end') this.#ended = true
    else if (this.#following !== undefined) await this.#takeAttachment(this.#following, event)
    else await this.#takeJson(event)
  }

  /** A body that ends before its closing boundary is one whose attachments are too short. */
  async finish(): Promise<RelatedDocument> {
    if (this.#input === undefined || this.#following === undefined) throw fail('invalidJson')
    const received = await this.#following.finish()
    if (this.#ended) return { input: this.#input, received }
    for (const attachment of received) attachment.release()
    throw fail('malformedMultipart', 'the closing boundary is missing')
  }

  async abort(): Promise<void> {
    await this.#following?.abort()
  }

  async #takeAttachment(following: FollowingAttachments, event: MultipartEvent): Promise<void> {
    if (event.kind === 'body') await following.write(event.bytes)
    if (event.kind === 'part-end') await following.endPart()
  }

  async #takeJson(event: MultipartEvent): Promise<void> {
    if (event.kind === 'headers') requireJsonPart(event.headers)
    if (event.kind === 'body') this.#keep(event.bytes)
    if (event.kind !== 'part-end') return
    const json = this.#json.take()
    this.#input = await runInTurns(parseDocumentInSteps(json, { term: true, ...this.#limits }))
    const follows = (this.#input.attachments ?? []).filter(attachment => attachment.follows)
    this.#following = new FollowingAttachments(this.#attachments, follows)
  }

  #keep(bytes: Buffer): void {
    this.#json.push(bytes)
    if (this.jsonBytes > this.#limits.maxSize + JSON_ALLOWANCE)
      throw fail('tooLarge', 'the request entity is too large')
  }
}

function requireJsonPart(headers: PartHeaders): void {
  if (parseMediaType(headers.get('content-type')).type !== 'application/json') throw fail('badContentType')
}
