import { checkAttachmentName } from '../../../protocol/document/attachment-input.ts'
import type { DocumentInput, DocumentLimits } from '../../../protocol/document/document-input.ts'
import { parseDocumentInSteps } from '../../../protocol/document/parse.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { boundaryOf, parseMediaType } from '../../../protocol/multipart/content-type.ts'
import type { PartHeaders } from '../../../protocol/multipart/headers.ts'
import { MultipartParser, type MultipartEvent } from '../../../protocol/multipart/parser.ts'
import { parseRev } from '../../../protocol/revision.ts'
import { inTurns, runInTurns } from '../../concurrency/time-slice.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import type { ReceivedAttachment, Upload } from '../../attachments/upload.ts'
import type { Database } from '../../database/database.ts'
import { inputOf } from '../../database/documents/write-attachment.ts'
import { writeDocument } from '../../database/documents/write-documents.ts'
import { GatheredBytes } from '../../../protocol/gathered-bytes.ts'
import { decodedBody, heldBody, streamBody } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { quotedEtag } from '../../http/response/etag.ts'
import { sendJson } from '../../http/response/reply.ts'
import { checkDesignWriter } from '../shared/design-writers.ts'
import { databaseOf } from '../shared/path-names.ts'
import { documentLimits } from '../shared/document-limits.ts'
import { checkQuorum, isBelowQuorum, reachQuorum } from '../shared/quorum.ts'

/**
 * A browser's form with files for a document: adds the files of its `_attachments` fields to the revision named by the
 * field `_rev`, or to the document in the field `_doc` (CouchDB: chttpd_db:db_doc_req/3 for POST).
 */
export async function postForm(ctx: RequestContext, id: DocId): Promise<void> {
  checkReferer(ctx)
  if (parseMediaType(ctx.get('Content-Type')).type !== 'multipart/form-data') throw fail('notAForm')
  const database = await databaseOf(ctx)
  checkDesignWriter(ctx, database, id)
  checkQuorum(ctx)
  const limits = documentLimits(ctx)
  const form = new FormReader(database.attachments, limits)
  try {
    await readForm(ctx, form)
    const input = await documentOf(form, database, id, limits)
    const { user } = ctx.state
    const rev = await writeDocument(database, { id, input, added: form.files }, { replicated: false, user })
    await reachQuorum(ctx, database, [{ id, rev }])
    ctx.set('ETag', quotedEtag(rev))
    sendJson(ctx, { ok: true, id, rev }, isBelowQuorum(ctx) ? 202 : 201)
  } finally {
    await form.close()
  }
}

/** Forms are sent by pages of this host only, so that no other site can make a browser change documents. */
function checkReferer(ctx: RequestContext): void {
  const referer = ctx.get('Referer')
  if (referer === '') throw fail('badRequest', 'Referer header required.')
  if (!URL.canParse(referer) || new URL(referer).host !== ctx.host) {
    throw fail('badRequest', 'Referer header must match host.')
  }
}

async function readForm(ctx: RequestContext, form: FormReader): Promise<void> {
  const boundary = boundaryOf(ctx.get('Content-Type'))
  if (boundary === undefined) throw fail('malformedMultipart', 'there is no boundary')
  const parser = new MultipartParser(boundary)
  const held = heldBody(ctx)
  for await (const bytes of streamBody(ctx, decodedBody(ctx))) {
    held.grow(form.heldBytes + parser.headerBytes + bytes.length)
    await inTurns(parser.push(bytes), event => form.take(event))
  }
  parser.finish()
}

async function documentOf(
  form: FormReader,
  database: Database,
  id: DocId,
  limits: DocumentLimits,
): Promise<DocumentInput> {
  const { _doc, _rev } = form.fields
  if (_doc !== undefined) return runInTurns(parseDocumentInSteps(_doc, { term: true, ...limits }))
  return inputOf(database, id, parseRev(_rev?.toString()))
}

/** Room for the metadata of attachments and escapes beside a document of the largest size. */
const FIELD_ALLOWANCE = 8 * 1024 * 1024

/** The fields that mean something; of others nothing is kept. */
type Fields = Partial<Record<'_doc' | '_rev', Buffer>>

/** A form as it comes in: small fields in memory, files to the attachment store. */
class FormReader {
  readonly fields: Fields = {}
  readonly files: ReceivedAttachment[] = []
  readonly #attachments: Attachments
  readonly #limits: Required<DocumentLimits>
  #name = ''
  #field = new GatheredBytes()
  /** Bytes of all fields. */
  heldBytes = 0
  #upload: Upload | undefined

  constructor(attachments: Attachments, limits: Required<DocumentLimits>) {
    this.#attachments = attachments
    this.#limits = limits
  }

  async take(event: MultipartEvent): Promise<void> {
    if (event.kind === 'headers') this.#begin(event.headers)
    if (event.kind === 'body') await this.#add(event.bytes)
    if (event.kind === 'part-end') await this.#end()
  }

  /** Gives up what was not written. */
  async close(): Promise<void> {
    await this.#upload?.abort()
    for (const file of this.files) file.release()
  }

  #begin(headers: PartHeaders): void {
    const { parameters } = parseMediaType(headers.get('content-disposition'))
    this.#name = parameters.get('name') ?? ''
    this.#field = new GatheredBytes()
    const name = parameters.get('filename')
    if (this.#name !== '_attachments' || name === undefined) return
    checkAttachmentName(name)
    const { maxAttachments } = this.#limits
    if (this.files.length === maxAttachments) throw fail('tooManyAttachments', String(maxAttachments))
    const contentType = headers.get('content-type') ?? 'text/plain'
    this.#upload = this.#attachments.upload({ name, contentType, encoding: 'identity' })
  }

  async #add(bytes: Buffer): Promise<void> {
    if (this.#upload !== undefined) {
      await this.#upload.write(bytes, true)
      return
    }
    if (this.#name !== '_doc' && this.#name !== '_rev') return
    this.#field.push(bytes)
    this.heldBytes += bytes.length
    if (this.#field.length > this.#limits.maxSize + FIELD_ALLOWANCE)
      throw fail('tooLarge', 'the request entity is too large')
  }

  async #end(): Promise<void> {
    if (this.#upload === undefined) {
      if (this.#name === '_doc' || this.#name === '_rev') this.fields[this.#name] = this.#field.take()
      return
    }
    this.files.push(await this.#upload.finish())
    this.#upload = undefined
  }
}
