import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { newRevId } from '../../protocol/revision-id.ts'
import { makeRev } from '../../protocol/revision.ts'

/** An attachment: what a peer tells of it, and the digest of the bytes that it sent. */
export interface AttachmentContent {
  readonly type: string
  /** MD5 of the stored bytes, as the peer tells it; undefined where it does not. */
  readonly digest: string | undefined
  /** Encoding and MD5 of the bytes as they were sent; undefined where they were not. */
  readonly sent: { readonly encoding: string; readonly md5: string } | undefined
}

/**
 * Returns true if a revision's id follows from a document as CouchDB computes it, and each attachment has the digest that is
 * part of it. False says nothing: PouchDB and others make ids of their own, and a parent may be cut off.
 *
 * @param document with `_revisions` and its term
 */
export function provesRevision(
  { rev, deleted, revisions, term, attachments = [] }: DocumentInput,
  contents: ReadonlyMap<string, AttachmentContent>,
): boolean {
  if (rev === undefined || revisions === undefined || term === undefined) return false
  const [, parent] = revisions.ids
  if (revisions.start > 1 && parent === undefined) return false
  const isWhole = [...contents.values()].every(
    ({ digest, sent }) => digest !== undefined && digest === sent?.md5,
  )
  if (!isWhole) return false
  const hashed = attachments.map(({ name, contentType, digest }) =>
    digest === undefined ? undefined : { name, type: contentType, digest },
  )
  const revision = {
    deleted,
    parent: parent === undefined ? undefined : makeRev(revisions.start - 1, parent),
    body: term,
  }
  // An edit that extends a tombstone without naming it hashes attachments in another form.
  return [hashed, hashed.map(() => undefined)].some(
    all => newRevId({ ...revision, attachments: all }) === rev,
  )
}
