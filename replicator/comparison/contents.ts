import { keepDocument } from '../keep-document.ts'
import { GatheredBytes } from '../../protocol/gathered-bytes.ts'
import { createHash } from 'node:crypto'
import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { boundaryOf } from '../../protocol/multipart/content-type.ts'
import { MultipartParser } from '../../protocol/multipart/parser.ts'
import { PeerError } from '../peer-error.ts'
import { type AttachmentContent, provesRevision } from './proof.ts'
import type { OpenedRevision, Peer } from '../peer.ts'

/** The content of a revision, or why there is none. */
export type RevisionContent =
  | {
      readonly kind: 'content'
      readonly deleted: boolean
      readonly body: string
      readonly attachments: ReadonlyMap<string, AttachmentContent>
      /** True where the revision's id follows from the content; undefined where that was not asked. */
      readonly isProven: boolean | undefined
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

/** Options of reading contents. */
interface ContentOptions {
  /** Also finds out whether contents prove their revisions. */
  readonly prove?: boolean
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
  options: ContentOptions = {},
): Promise<Map<string, RevisionContent>> {
  const contents = new Map<string, RevisionContent>()
  for (const { id, revs } of wanted) for (const rev of revs) contents.set(revisionKey(id, rev), MISSING)
  const apart: { id: string; rev: string }[] = []
  try {
    const asked = wanted.map(one => ({ ...one, possibleAncestors: [] }))
    for await (const found of peer.bulkGet(asked, signal)) {
      for (const revision of found) {
        if (revision.kind === 'document') keep(contents, revision.json, options)
        // A row without a document may tell that it is damaged, not that it is missing.
        else apart.push(revision)
      }
    }
  } catch (error) {
    if (signal.aborted || !isFailure(error)) throw error
    // One that cannot be read, or a peer without `_bulk_get`, fails them all: what has not come is asked for one by one.
    for (const { id, revs } of wanted)
      for (const rev of revs) if (contents.get(revisionKey(id, rev)) === MISSING) apart.push({ id, rev })
  }
  for (const { id, rev } of apart)
    contents.set(revisionKey(id, rev), await openContent(peer, { id, rev }, signal, options))
  return contents
}

/** The document that comes is the revision that was asked for, or one that followed it meanwhile. */
function keep(
  contents: Map<string, RevisionContent>,
  json: Uint8Array,
  { prove = false }: ContentOptions,
): void {
  const document = parseDocument(json, { term: prove })
  const key = revisionKey(document.id ?? '', document.rev ?? '')
  if (contents.has(key)) contents.set(key, contentOf(document, []))
}

async function openContent(
  peer: Peer,
  { id, rev }: { readonly id: string; readonly rev: string },
  signal: AbortSignal,
  options: ContentOptions,
): Promise<RevisionContent> {
  try {
    for await (const opened of peer.openRevision({ id, rev, possibleAncestors: [] }, signal)) {
      const content = await readOpened(opened, options)
      if (content?.rev === rev) return content.content
    }
    return MISSING
  } catch (error) {
    if (signal.aborted || !isFailure(error)) throw error
    // A peer that fails at everything has not lost this revision.
    await peer.info(signal)
    return { kind: 'unreadable', reason: error.reason }
  }
}

/** Returns true for what a peer answers, or a database of this server throws. */
function isFailure(error: unknown): error is PeerError | CouchError {
  return error instanceof PeerError || error instanceof CouchError
}

/** @throws CouchError where it is no multipart body */
async function readOpened(
  opened: OpenedRevision,
  { prove = false }: ContentOptions,
): Promise<{ readonly rev: string | undefined; readonly content: RevisionContent } | undefined> {
  if (opened.kind === 'missing') return undefined
  if (opened.kind === 'document') {
    const document = parseDocument(opened.json, { term: prove })
    return { rev: document.rev, content: contentOf(document, []) }
  }
  const { json, digests } = await readParts(opened.contentType, opened.body)
  const document = parseDocument(json, { term: prove })
  return { rev: document.rev, content: contentOf(document, digests) }
}

/** The first part is the document, the others its attachments in their order. */
async function readParts(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly json: Buffer; readonly digests: readonly string[] }> {
  const parser = new MultipartParser(boundaryOf(contentType) ?? '')
  const json = new GatheredBytes()
  const digests: string[] = []
  let hash: ReturnType<typeof createHash> | undefined
  let isDocument = true
  for await (const chunk of body) {
    for (const event of parser.push(chunk)) {
      if (event.kind === 'headers' && !isDocument) hash = createHash('md5')
      else if (event.kind === 'body' && isDocument) keepDocument(json, event.bytes)
      else if (event.kind === 'body') hash?.update(event.bytes)
      else if (event.kind === 'part-end' && isDocument) isDocument = false
      else if (event.kind === 'part-end') digests.push(hash!.digest('base64'))
    }
  }
  if (!parser.ended) throw fail('badRequest', 'the multipart body ends too early')
  return { json: json.take(), digests }
}

/** @param digests of the attachments that follow, in their order */
function contentOf(document: DocumentInput, digests: readonly string[]): RevisionContent {
  const { body, deleted, attachments = [] } = document
  let next = 0
  const found = attachments.map((attachment): [string, AttachmentContent] => {
    const { name, contentType, digest, encoding, follows, data } = attachment
    const md5 = follows ? digests[next++] : data && createHash('md5').update(data).digest('base64')
    const sent = md5 === undefined ? undefined : { encoding: follows ? encoding : 'identity', md5 }
    return [name, { type: contentType, digest: digest?.toString('base64'), sent }]
  })
  return {
    kind: 'content',
    deleted,
    body: createHash('sha256').update(body).digest('base64'),
    attachments: new Map(found),
    isProven: document.term === undefined ? undefined : provesRevision(document, new Map(found)),
  }
}
