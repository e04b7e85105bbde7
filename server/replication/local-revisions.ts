import { asDocId, type DocId } from '../../protocol/document-id.ts'
import { relatedContentType } from '../../protocol/multipart/related.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'

import type { UserContext } from '../../protocol/user-context.ts'
import type { FetchedRevision, MissingRevisions, OpenedRevision } from '../../replicator/peer.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { Database } from '../database/database.ts'
import { ifStored } from '../database/documents/damage-of.ts'
import { readRevision, type OpenRevision } from '../database/documents/read-document.ts'
import { relatedBody } from '../database/documents/related-body.ts'
import type { RevisionFinder } from '../database/documents/revision-finder.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'

/**
 * Reads documents' revisions for `bulkGet`, the records of all in one go: leaves in place of those that have children.
 *
 * @throws PeerError `damaged_record`
 */
export async function fetchRevisions(
  database: Database,
  revisions: RevisionFinder,
  wanted: readonly MissingRevisions[],
  reader: UserContext,
): Promise<FetchedRevision[]> {
  try {
    return await readRevisions(database, revisions, wanted, reader)
  } catch (error) {
    throw asPeerError(error)
  }
}

async function readRevisions(
  database: Database,
  revisions: RevisionFinder,
  wanted: readonly MissingRevisions[],
  reader: UserContext,
): Promise<FetchedRevision[]> {
  const ids = wanted.map(({ id }) => asDocId(id))
  await revisions.load(ids)
  const found = wanted.flatMap(({ id, revs }, index) =>
    revisions.find(ids[index]!, revs.map(parseRev)).map(entry => ({ id, entry })),
  )
  const numbers = found.flatMap(({ entry }) => ('missing' in entry ? [] : [entry.ok.node.body]))
  const records = await database.bodies(numbers)
  let at = 0
  return found.map(({ id, entry }) => {
    if ('missing' in entry) return { kind: 'missing', id, rev: entry.missing, reason: 'missing' }
    const body = records[at++]
    // It was purged or compacted away meanwhile: only this revision is missing, and not what else is replicated.
    if (body === undefined) return { kind: 'missing', id, rev: entry.ok.node.rev, reason: 'missing' }
    const options = { revs: true, record: body }
    const { json, record } = readRevision(database, asDocId(id), entry.ok, options, reader)
    return record.attachments.length > 0
      ? { kind: 'attachments', id, rev: entry.ok.node.rev }
      : { kind: 'document', json }
  })
}

/**
 * Reads a revision for `openRevision`, with the attachments that are newer than `attsSince` as parts.
 *
 * @throws PeerError `damaged_record`
 */
export function openedRevision(
  database: Database,
  id: DocId,
  entry: OpenRevision,
  { attsSince, reader }: { readonly attsSince: readonly Rev[]; readonly reader: UserContext },
): OpenedRevision {
  if ('missing' in entry) return { kind: 'missing', rev: entry.missing }
  const options = {
    revs: true,
    attachments: 'follows' as const,
    attEncodingInfo: true,
    ...(attsSince.length > 0 ? { attsSince } : {}),
  }
  const read = undamaged(() => ifStored(() => readRevision(database, id, entry.ok, options, reader)))
  if (read === undefined) return { kind: 'missing', rev: entry.ok.node.rev }
  if (read.sent.length === 0) return { kind: 'document', json: read.json }
  const { boundary, pieces } = relatedBody(database, read)
  return {
    kind: 'multipart',
    rev: entry.ok.node.rev,
    contentType: relatedContentType(boundary),
    body: undamagedPieces(pieces),
  }
}

function undamaged<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw asPeerError(error)
  }
}

async function* undamagedPieces(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* pieces
  } catch (error) {
    throw asPeerError(error)
  }
}

/** A client of the server is told the same. */
function asPeerError(error: unknown): unknown {
  if (!(error instanceof DamagedValueError)) return error
  return new PeerError('damaged_record', error.message, { status: 500 })
}
