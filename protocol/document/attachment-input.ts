import { fail } from '../errors.ts'
import { jsonMembersInSteps } from '../json/members.ts'
import { STEP_BYTES, type Steps } from '../steps.ts'
import { decodeBase64 } from './base64.ts'

const DEFAULT_TYPE = 'application/octet-stream'

/** An attachment as a document's `_attachments` describes it. */
export interface AttachmentInput {
  readonly name: string
  readonly contentType: string
  /** As given. A stub without one matches any; a new attachment without one has 0 when the revision is replicated. */
  readonly revpos: number | undefined
  /** Raw MD5 of the stored bytes; not believed of inline data. */
  readonly digest: Buffer | undefined
  /** Bytes before encoding. */
  readonly length: number | undefined
  readonly encoding: 'identity' | 'gzip'
  /** Bytes as they are sent and stored. */
  readonly encodedLength: number | undefined
  /** Inline bytes; undefined when it is a stub or follows. */
  readonly data: Buffer | undefined
  readonly stub: boolean
  /** The bytes follow in a part of the multipart body. */
  readonly follows: boolean
}

/**
 * Reads `_attachments`, in the order received (CouchDB: `couch_att:from_json/2`). Members that are no objects are passed
 * over.
 *
 * @param json canonical JSON
 * @returns undefined when it is no object
 * @throws `bad_request` "Invalid attachment data for NAME"
 */
export function* parseAttachments(json: Buffer): Steps<AttachmentInput[] | undefined> {
  const members = yield* jsonMembersInSteps(json)
  if (members === undefined) return undefined
  const attachments: AttachmentInput[] = []
  let done = 0
  for (const [name, value] of members) {
    const isLong = value.length > STEP_BYTES
    const text = value.toString('utf8')
    if (isLong) yield
    const props: unknown = JSON.parse(text)
    if (isLong) yield
    if (isObject(props)) attachments.push(parseAttachment(name, props))
    done += value.length
    if (done < STEP_BYTES) continue
    done = 0
    yield
  }
  return attachments
}

/** @throws `bad_request` when a name starts with an underscore */
export function checkAttachmentName(name: string): void {
  if (name.startsWith('_'))
    throw fail('badRequest', `Attachment name '${name}' starts with prohibited character '_'`)
}

function parseAttachment(name: string, props: Record<string, unknown>): AttachmentInput {
  const contentType = typeof props['content_type'] === 'string' ? props['content_type'] : DEFAULT_TYPE
  const revpos = integer(props['revpos'])
  const stub = props['stub'] === true
  const follows = !stub && props['follows'] === true
  if (stub || follows) return { name, contentType, revpos, ...stored(props), data: undefined, stub, follows }
  const data = inlineData(name, props['data'])
  const { length } = data
  return {
    name,
    contentType,
    revpos,
    digest: undefined,
    length,
    encoding: 'identity',
    encodedLength: length,
    data,
    stub,
    follows,
  }
}

function stored(
  props: Record<string, unknown>,
): Pick<AttachmentInput, 'digest' | 'length' | 'encoding' | 'encodedLength'> {
  const length = integer(props['length'])
  const encoding = parseEncoding(props['encoding'])
  const encodedLength =
    props['encoding'] === undefined ? length : (integer(props['encoded_length']) ?? length)
  return { digest: parseDigest(props['digest']), length, encoding, encodedLength }
}

function inlineData(name: string, value: unknown): Buffer {
  const data = typeof value === 'string' ? decodeBase64(value) : undefined
  if (data === undefined) throw fail('badRequest', `Invalid attachment data for ${name}`)
  return data
}

/** CouchDB answers 500 to other encodings. */
function parseEncoding(value: unknown): 'identity' | 'gzip' {
  if (value === undefined || value === 'identity') return 'identity'
  if (value === 'gzip') return 'gzip'
  throw fail('badRequest', 'Attachment encodings are identity and gzip')
}

/** CouchDB answers 500 to a digest that does not decode. */
function parseDigest(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || !value.startsWith('md5-')) return undefined
  const digest = decodeBase64(value.slice(4))
  if (digest?.length !== 16) throw fail('badRequest', 'Invalid attachment digest')
  return digest
}

function integer(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
