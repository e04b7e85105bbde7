import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { clearInterior } from '../../../protocol/revtree/compact.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { Retention } from '../../../protocol/retention.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import type { Security } from '../../../protocol/security.ts'
import { isFollowerJob } from '../../../protocol/user-context.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import { numberOfKey, KeySpace } from '../../storage/keys.ts'
import type { Commit } from './commit.ts'
import type { CommitContext } from './commit-context.ts'
import { encodeResolution } from '../conflicts/resolution-log.ts'
import { DocumentEdits, type DocumentEditsOptions, type ValidationMemory } from './document-edits.ts'
import type { Actor, DocumentEdit, DocumentValidator, EditOutcome } from '../documents/edit.ts'
import { requireMember } from '../security.ts'
import { applyLocalEdits } from './local-edits.ts'
import { applyPurge } from './apply-purge.ts'
import type { DatabaseState } from '../state.ts'
import { releaseAttachments } from './release-attachments.ts'
import type { ResultOf, WriteRequest } from './write-request.ts'

/** The database as `applyWrite` sees it: state and limits that are no part of a `WriteRequest`. */
export interface WriterHost {
  readonly context: CommitContext
  readonly attachments: Attachments
  readonly validation: ValidationMemory
  /** Returns the `_security` object of the last commit on disk. */
  readonly security: () => Security
  /** In bytes; 0 for no limit. */
  readonly maxPartitionSize: () => number
  /** The validators that are to judge these edits, in their order. */
  readonly validatorsOf: (edits: readonly DocumentEdit[]) => readonly DocumentValidator[]
}

/**
 * Carries out a request in a commit.
 *
 * @returns what is answered when the commit is on disk
 * @throws what refuses the request, before it has changed anything
 */
export function applyWrite<Request extends WriteRequest>(
  request: Request,
  commit: Commit,
  host: WriterHost,
): ResultOf<Request> | Promise<ResultOf<Request>> {
  return apply(request, commit, host) as ResultOf<Request> | Promise<ResultOf<Request>>
}

function apply(request: WriteRequest, commit: Commit, host: WriterHost): unknown {
  // The user had the right when the request arrived, and must still have it when the write is carried out.
  if ('user' in request && request.user !== undefined) requireMember(request.user, host.security())
  requireSourceOf(commit.state, request)
  switch (request.kind) {
    case 'edit_documents':
      return editDocuments(request, commit, host)
    case 'resolve_conflict':
      return applyResolution(request, commit, host)
    case 'log_resolutions':
      return logResolutions(request, commit, host.context)
    case 'edit_local_documents':
      return applyLocalEdits(commit, request.edits)
    case 'write_rows':
      return applyRows(request, commit, host)
    case 'purge':
      return purgeDocuments(request, commit)
    case 'set_security':
      return setSecurity(commit, request.json)
    case 'set_limit':
      return setLimit(commit, request)
    case 'set_retention':
      return setRetention(commit, request.retention)
    case 'set_follower':
      return setFollower(commit, request)
    case 'set_quorum':
      return setQuorum(commit, request)
    case 'put_setting':
      return commit.putSetting(request.name, request.json)
    case 'clear_interior':
      return clearInteriorOf(commit, request.ids)
    case 'cut_purge_log':
      return cutPurgeLog(commit, host.context)
    case 'release_attachments':
      return releaseAttachments(commit, host.context, host.attachments)
  }
}

/**
 * Documents of a follower come from its source alone.
 *
 * @throws `followsAnother`
 */
function requireSourceOf({ follower }: DatabaseState, request: WriteRequest): void {
  if (follower === undefined) return
  const { kind } = request
  if (kind !== 'edit_documents' && kind !== 'resolve_conflict' && kind !== 'write_rows') return
  if (!isFollowerJob(request.user)) throw fail('followsAnother', follower.source)
}

type EditsOfUser = Pick<DocumentEditsOptions, 'edits' | 'replicated' | 'isAtomic'> & Pick<Actor, 'user'>

function editDocuments(
  { edits, replicated, isAtomic = false, user }: EditsOfUser,
  commit: Commit,
  host: WriterHost,
): Promise<readonly EditOutcome[]> {
  return new DocumentEdits(commit, {
    edits,
    replicated,
    isAtomic,
    maxPartitionSize: host.maxPartitionSize(),
    memory: host.validation,
    actor: { user, security: host.security() },
    // What the source has accepted is not judged again: a follower is its copy.
    validators: isFollowerJob(user) ? [] : host.validatorsOf(edits),
  }).apply()
}

/** @throws what refuses one of the edits, before anything is changed */
async function applyRows(
  { edits, locals, user }: WriteRequest & { kind: 'write_rows' },
  commit: Commit,
  host: WriterHost,
) {
  const outcomes = await editDocuments({ edits, replicated: true, isAtomic: true, user }, commit, host)
  applyLocalEdits(commit, locals)
  return outcomes
}

async function purgeDocuments({ requests }: WriteRequest & { kind: 'purge' }, commit: Commit) {
  const purged = applyPurge(commit, requests)
  await commit.bodies.removeReferencesOfDamaged()
  return purged
}

/** @throws `conflict` where the leaves are others by now; what refuses one of the edits */
async function applyResolution(
  { id, leaves: expected, all, edits, user, log }: WriteRequest & { kind: 'resolve_conflict' },
  commit: Commit,
  host: WriterHost,
): Promise<readonly EditOutcome[]> {
  const document = commit.document(id)
  const live = document === undefined ? [] : leaves(document.tree).filter(({ deleted }) => !deleted)
  const known = new Set(live.map(({ rev }) => rev))
  const isAsExpected = expected.every(rev => known.has(rev)) && (!all || known.size === expected.length)
  if (!isAsExpected) throw fail('conflict')
  const outcomes = await editDocuments({ edits, replicated: false, isAtomic: true, user }, commit, host)
  if (log !== undefined) {
    const row = { ...log, id, leaves: expected, rev: revisionLeft(expected, edits, outcomes) }
    commit.local.put(...encodeResolution(host.context.keys, row))
  }
  return outcomes
}

/** Returns the child that was written; without one the leaf that got no tombstone, or the first tombstone. */
function revisionLeft(
  expected: readonly Rev[],
  edits: readonly DocumentEdit[],
  outcomes: readonly EditOutcome[],
): string {
  const child = edits.findIndex(({ deleted }) => !deleted)
  if (child >= 0) return outcomes[child]?.rev ?? ''
  const ended = new Set<string>(edits.map(({ revs: { start, hashes } }) => `${start}-${hashes[0]}`))
  return expected.find(rev => !ended.has(rev)) ?? outcomes[0]?.rev ?? ''
}

/** The log is this node's, and no part of the commit's value. */
async function logResolutions(
  { rows, removed }: WriteRequest & { kind: 'log_resolutions' },
  commit: Commit,
  { store, keys }: CommitContext,
): Promise<void> {
  if (removed > 0) {
    const oldest = await store.keys({ ...keys.range(KeySpace.resolution), limit: removed }).all()
    for (const key of oldest) commit.local.delete(key)
  }
  for (const row of rows) commit.local.put(...encodeResolution(keys, row))
}

/** Raises the update sequence, as in CouchDB. */
function setSecurity(commit: Commit, json: Uint8Array): void {
  commit.putSecurity(json)
  commit.state.seq += 1
}

/** `_revs_limit` raises the update sequence, as in CouchDB. */
function setLimit(commit: Commit, { name, limit, silent }: WriteRequest & { kind: 'set_limit' }): void {
  commit.state[name] = limit
  if (name === 'revsLimit' && silent !== true) commit.state.seq += 1
  commit.putState()
}

function setRetention(commit: Commit, retention: Retention): void {
  commit.state.retention = retention
  commit.putState()
}

function setFollower(commit: Commit, { follower }: WriteRequest & { kind: 'set_follower' }): void {
  if (follower === null) delete commit.state.follower
  else commit.state.follower = follower
  commit.putState()
}

function setQuorum(commit: Commit, { quorum }: WriteRequest & { kind: 'set_quorum' }): void {
  if (quorum === null) delete commit.state.quorum
  else commit.state.quorum = quorum
  commit.putState()
}

function clearInteriorOf(commit: Commit, ids: readonly DocId[]): void {
  for (const id of ids) {
    const document = commit.document(id)
    if (document === undefined) continue
    const { tree, freed } = clearInterior(document.tree)
    if (freed.length === 0) continue
    for (const body of freed) commit.bodies.remove(body)
    commit.rewrite(id, tree, sizeOf(commit, tree))
  }
}

/** Bytes of the leaves' bodies and attachments. */
function sizeOf(commit: Commit, tree: RevTree): number {
  return leaves(tree).reduce((sum, { body }) => sum + commit.bodies.sizeOf(body), 0)
}

const FORGOTTEN_AT_A_TIME = 1000

async function cutPurgeLog(commit: Commit, { store, keys }: CommitContext): Promise<void> {
  const { purgeSeq, purgedInfosLimit } = commit.state
  const { gte } = keys.range(KeySpace.purge)
  const lt = keys.number(KeySpace.purge, Math.max(0, purgeSeq - purgedInfosLimit) + 1)
  const cut = await store.keys({ gte, lt, limit: FORGOTTEN_AT_A_TIME }).all()
  for (const key of cut) commit.forgetPurge(numberOfKey(key))
}
