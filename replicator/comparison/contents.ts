import { createHash } from 'node:crypto'
import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { boundaryOf } from '../../protocol/multipart/content-type.ts'
import { MultipartParser } from '../../protocol/multipart/parser.ts'
import { PeerError } from '../peer-error.ts'
import type { OpenedRevision, Peer } from '../peer.ts'

/** An attachment: what a peer tells of it, and the digest of the bytes that it sent. */
export interface AttachmentContent {
  readonly type: string
  /** MD5 of the stored bytes, as the peer tells it; undefined where it does not. */
  readonly digest: string | undefined
  /** Encoding and MD5 of the bytes as they were sent; undefined where they were not. */
  readonly sent: { readonly encoding: string; readonly md5: string } | undefined
}

/** The content of a revision, or why there is none. */
export type RevisionContent =
  | {
      readonly kind: 'content'
      readonly body: string
      readonly attachments: ReadonlyMap<string, AttachmentContent>
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Revisions of a document. */
export interface WantedRevisions {
  readonly id: string
  readonly revs: readonly string[]
}

const MISSING = { kind: 'missing' } as const

/** Names a revision of a document in the map of {@link contentsOf}. */
export function revisionKey(id: string, rev: string): string {
  return `${rev} ${id}`
}

/**
 * Reads revisions with their attachments; holds digests of them, and one document at a time.
 *
 * @returns contents by {@link revisionKey}
 * @throws PeerError for failures that are not of one revision
 */
export async function contentsOf(
  peer: Peer,
  wanted: readonly WantedRevisions[],
  signal: AbortSignal,
): Promise<Map<string, RevisionContent>> {
  const contents = new Map<string, RevisionContent>()
  for (const { id, revs } of wanted) for (const rev of revs) contents.set(revisionKey(id, rev), MISSING)
  const apart: { id: string; rev: string }[] = []
  try {
    const asked = wanted.map(one => ({ ...one, possibleAncestors: [] }))
    for await (const found of peer.bulkGet(asked, signal)) {
      for (const revision of found) {
        if (revision.kind === 'attachments') apart.push(revision)
        else if (revision.kind === 'document') keep(contents, revision.json)
      }
    }
  } catch (error) {
    if (!(error instanceof PeerError) || error.error !== 'bulk_get_unsupported') throw error
    for (const { id, revs } of wanted) for (const rev of revs) apart.push({ id, rev })
  }
  for (const { id, rev } of apart)
    contents.set(revisionKey(id, rev), await openContent(peer, id, rev, signal))
  return contents
}

/** The document that comes is the revision that was asked for, or one that followed it meanwhile. */
function keep(contents: Map<string, RevisionContent>, json: Uint8Array): void {
  const document = parseDocument(json, { term: false })
  const key = revisionKey(document.id ?? '', document.rev ?? '')
  if (contents.has(key)) contents.set(key, contentOf(document, []))
}

async function openContent(
  peer: Peer,
  id: string,
  rev: string,
  signal: AbortSignal,
): Promise<RevisionContent> {
  try {
    for await (const opened of peer.openRevision({ id, rev, possibleAncestors: [] }, signal)) {
      const content = await readOpened(opened)
      if (content?.rev === rev) return content.content
    }
    return MISSING
  } catch (error) {
    if (signal.aborted) throw error
    if (error instanceof PeerError || error instanceof CouchError)
      return { kind: 'unreadable', reason: error.reason }
    throw error
  }
}

/** @throws CouchError where it is no multipart body */
async function readOpened(
  opened: OpenedRevision,
): Promise<{ readonly rev: string | undefined; readonly content: RevisionContent } | undefined> {
  if (opened.kind === 'missing') return undefined
  if (opened.kind === 'document') {
    const document = parseDocument(opened.json, { term: false })
    return { rev: document.rev, content: contentOf(document, []) }
  }
  const { json, digests } = await readParts(opened.contentType, opened.body)
  const document = parseDocument(json, { term: false })
  return { rev: document.rev, content: contentOf(document, digests) }
}

/** The first part is the document, the others its attachments in their order. */
async function readParts(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly json: Buffer; readonly digests: readonly string[] }> {
  const parser = new MultipartParser(boundaryOf(contentType) ?? '')
  const json: Buffer[] = []
  const digests: string[] = []
  let hash: ReturnType<typeof createHash> | undefined
  let isDocument = true
  for await (const chunk of body) {
    for (const event of parser.push(chunk)) {
      if (event.kind === 'headers' && !isDocument) hash = createHash('md5')
      else if (event.kind === 'body' && isDocument) json.push(Buffer.from(event.bytes))
      else if (event.kind === 'body') hash?.update(event.bytes)
      else if (event.kind === 'part-end' && isDocument) isDocument = false
      else if (event.kind === 'part-end') digests.push(hash!.digest('base64'))
    }
  }
  if (!parser.ended) throw fail('badRequest', 'the multipart body ends too early')
  return { json: Buffer.concat(json), digests }
}

/** @param digests of the attachments that follow, in their order */
function contentOf({ body, attachments = [] }: DocumentInput, digests: readonly string[]): RevisionContent {
  let next = 0
  const found = attachments.map((attachment): [string, AttachmentContent] => {
    const { name, contentType, digest, encoding, follows, data } = attachment
    const md5 = follows ? digests[next++] : data && createHash('md5').update(data).digest('base64')
    const sent = md5 === undefined ? undefined : { encoding: follows ? encoding : 'identity', md5 }
    return [name, { type: contentType, digest: digest?.toString('base64'), sent }]
  })
  return {
    kind: 'content',
    body: createHash('sha256').update(body).digest('base64'),
    attachments: new Map(found),
  }
}
