import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { groupBy } from '../../../protocol/group-by.ts'
import { externalTerm } from '../../../protocol/json/canonical.ts'
import { generationOf, hashOf, type Rev } from '../../../protocol/revision.ts'
import { leaves, type Leaf } from '../../../protocol/revtree/leaves.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { ReceivedAttachment } from '../../attachments/upload.ts'
import { mapInTurns } from '../../concurrency/time-slice.ts'
import type { Database } from '../database.ts'
import { applyWriteRules } from '../documents/apply-rules.ts'
import type { DocumentEdit, EditAttachment } from '../documents/edit.ts'
import { attachmentsOf } from '../documents/write-documents.ts'
import type { ResolutionOrigin } from './resolution-log.ts'

/** A conflict's resolution as a person chose it. */
export interface ChosenResolution {
  readonly id: DocId
  /** The leaves that are resolved; no other is touched. */
  readonly revs: readonly Rev[]
  /** The leaf that stays as it is. */
  readonly keep?: Rev
  /** The document that takes the place of all of `revs`. */
  readonly body?: DocumentInput
}

export interface Resolved {
  /** The revision that stayed, or was made. */
  readonly rev: Rev
  /** Leaves that are not deleted and were not named, besides that revision. */
  readonly conflicts: readonly Rev[]
}

/**
 * Resolves a conflict in one commit: the leaves that were named get tombstones, but for the one to keep, or the one of them
 * that wins, which the body becomes a child of.
 *
 * @param log what the log of resolutions is told; nothing by default
 * @throws `missing` where there is no such document; `conflict` where a revision that was named is no leaf any more;
 *   `bad_request` where nothing is to be done; what refuses the body
 */
export async function resolveConflict(
  database: Database,
  { id, revs, keep, body }: ChosenResolution,
  user: UserContext,
  log?: ResolutionOrigin,
): Promise<Resolved> {
  const live = liveLeaves(database, id)
  const wanted = new Set(keep === undefined ? revs : [...revs, keep])
  const named = live.filter(({ rev }) => wanted.has(rev))
  if (named.length < wanted.size) throw fail('conflict')
  const losers = named.filter(({ rev }) => rev !== keep)
  const [parent] = losers
  if (parent === undefined) throw fail('badRequest', '`revs` names no revision to resolve')
  const expected = {
    kind: 'resolve_conflict',
    id,
    all: false,
    leaves: named.map(({ rev }) => rev),
    user,
    log,
  } as const
  const rest = live.map(({ rev }) => rev).filter(rev => !wanted.has(rev))
  if (body === undefined || keep !== undefined) {
    await database.write({ ...expected, edits: losers.map(leaf => tombstone(id, leaf.rev)) })
    return { rev: keep ?? parent.rev, conflicts: rest }
  }
  const held: ReceivedAttachment[] = []
  try {
    const child = await childOf(database, { id, parent, named, body, user, held })
    const edits = [child, ...losers.slice(1).map(leaf => tombstone(id, leaf.rev))]
    const [outcome] = await database.write({ ...expected, edits })
    if (outcome?.rev === undefined) throw fail('conflict')
    return { rev: outcome.rev, conflicts: rest }
  } finally {
    for (const attachment of held) attachment.release()
  }
}

/** Returns the leaves of a document that are not deleted, the winner first. @throws `missing` */
export function liveLeaves(database: Database, id: DocId): readonly Leaf[] {
  const document = database.document(id)
  if (document === undefined) throw fail('missing')
  return leaves(document.tree).filter(({ deleted }) => !deleted)
}

interface Child {
  readonly id: DocId
  readonly parent: Leaf
  readonly named: readonly Leaf[]
  readonly body: DocumentInput
  readonly user: UserContext
  /** Collects attachments that came inline, which the caller releases. */
  readonly held: ReceivedAttachment[]
}

async function childOf(
  database: Database,
  { id, parent, named, body, user, held }: Child,
): Promise<DocumentEdit> {
  const { deleted, body: text, term, attachments } = await applyWriteRules(database, id, body, user)
  const received =
    attachments === undefined
      ? []
      : await attachmentsOf(
          database.attachments,
          { id, input: { ...body, rev: parent.rev, attachments } },
          {
            replicated: false,
            held,
          },
        )
  return {
    id,
    revs: { start: generationOf(parent.rev), hashes: [hashOf(parent.rev)] },
    deleted,
    body: text,
    term,
    attachments: await withStored(database, received, named),
  }
}

/** A stub may stand for an attachment of any of the leaves: the first that fits, the winner's before the others'. */
async function withStored(
  database: Database,
  given: readonly EditAttachment[],
  named: readonly Leaf[],
): Promise<EditAttachment[]> {
  if (given.every(({ kind }) => kind === 'stored')) return [...given]
  const stored = await mapInTurns(named, ({ body }) => database.attachmentsOf(body))
  const byName = groupBy(stored.flat(), ({ name }) => name)
  return given.map(one => {
    if (one.kind === 'stored') return one
    const attachment = byName.get(one.name)?.find(({ digest }) => (one.digest ?? digest) === digest)
    return attachment === undefined ? one : { kind: 'stored', attachment }
  })
}

const EMPTY = Buffer.from('{}')
const EMPTY_TERM = externalTerm(EMPTY)

/** Returns the edit that deletes a leaf, as DELETE does it. */
export function tombstone(id: DocId, rev: Rev): DocumentEdit {
  return {
    id,
    revs: { start: generationOf(rev), hashes: [hashOf(rev)] },
    deleted: true,
    body: EMPTY,
    term: EMPTY_TERM,
    attachments: [],
  }
}
