import type { DocId } from '../../../protocol/document-id.ts'
import { renderDocument } from '../../../protocol/document/render.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import { fail } from '../../../protocol/errors.ts'
import { generationOf, hashBytes, hashOf, makeRev, type Rev } from '../../../protocol/revision.ts'
import { findRev, history, historyNodes } from '../../../protocol/revtree/history.ts'
import { leaves, leavesInTreeOrder, leavesOf } from '../../../protocol/revtree/leaves.ts'
import type { RevNode } from '../../../protocol/revtree/tree.ts'
import { attachmentsAroundData, isSent, type AttachmentView } from './attachments-member.ts'
import { applyReadRules } from './apply-rules.ts'
import type { BodyRecord, StoredAttachment } from './body-record.ts'
import type { Database } from '../database.ts'
import type { StoredDocument } from './stored-document.ts'
import { placesBefore, textWithoutData, UnfilledJson } from './unfilled-json.ts'

/** Members that an answer has besides a document's body, by the query parameters of `GET /{db}/{doc}`. */
export interface DocumentReadOptions {
  readonly revs?: boolean
  /** The most revisions in `_revisions`; all that the database keeps where left out. */
  readonly revsLimit?: number
  readonly revsInfo?: boolean
  readonly conflicts?: boolean
  readonly deletedConflicts?: boolean
  readonly localSeq?: boolean
  readonly attEncodingInfo?: boolean
  /** With the attachments' data: inline, or in parts that follow. */
  readonly attachments?: 'data' | 'follows'
  /** The revision's body, where it was read with others. */
  readonly record?: BodyRecord
  /** Revisions that the reader has: of those on this revision's path, attachments no newer are left as stubs. */
  readonly attsSince?: readonly Rev[]
}

/** Options that need no attachment's data. */
export type OptionsWithoutData = Omit<DocumentReadOptions, 'attachments'> & {
  readonly attachments?: 'follows'
}

export function isWithoutData(options: DocumentReadOptions): options is OptionsWithoutData {
  return options.attachments !== 'data'
}

/** A revision that was found, before it is rendered. */
export interface FoundRevision {
  readonly document: StoredDocument
  readonly node: RevNode
}

/** A revision as it goes to a client, as text or with places for the data of its attachments. */
export interface RenderedRevision<Json> extends FoundRevision {
  readonly record: BodyRecord
  readonly json: Json
  /** The attachments whose data the reader is to get. */
  readonly sent: readonly StoredAttachment[]
  /** True if the answer holds members that change while the revision stays, and so has no ETag. */
  readonly hasMetadata: boolean
}

export type ReadRevision = RenderedRevision<Buffer>

export type UnfilledRevision = RenderedRevision<UnfilledJson>

/**
 * The winner of a document.
 *
 * @param options.deleted whether a tombstone is a winner to show
 * @throws `missing` when there is no such document, `deleted` when its winner is a tombstone
 */
export function findWinner(
  database: Database,
  id: DocId,
  options: { deleted: boolean } = { deleted: false },
): FoundRevision {
  const document = database.document(id)
  if (document === undefined) throw fail('missing')
  if (document.deleted && !options.deleted) throw fail('deleted')
  return { document, node: document }
}

/**
 * A revision by name; with `latest` the winner, if the revision is known (as 3.5 answers).
 *
 * @throws `missing`
 */
export function findRevision(
  database: Database,
  id: DocId,
  rev: Rev,
  options: { latest: boolean },
): FoundRevision {
  const document = database.document(id)
  const node = document === undefined ? undefined : findRev(document.tree, rev)
  if (document === undefined || node === undefined) throw fail('missing')
  if (!options.latest) {
    if (node.body === 0) throw fail('missing')
    return { document, node }
  }
  if (document.deleted) throw fail('deleted')
  return { document, node: document }
}

/** One entry of an answer to `open_revs`. */
export type OpenRevision = { readonly ok: FoundRevision } | { readonly missing: Rev }

/**
 * The revisions asked for, or all leaves; with `latest` the leaves that grew from them.
 *
 * @param document undefined where the document does not exist
 * @throws `missing` when all leaves of a document that is not there are asked for
 */
export function openRevisions(
  document: StoredDocument | undefined,
  revs: readonly Rev[] | 'all',
  options: { latest: boolean },
): OpenRevision[] {
  if (document === undefined) {
    if (revs === 'all') throw fail('missing')
    return revs.map(missing => ({ missing }))
  }
  if (revs === 'all') return leavesInTreeOrder(document.tree).map(node => ({ ok: { document, node } }))
  if (revs.length === 1 && revs[0] !== undefined && !document.branched) {
    const [node] = options.latest ? leavesOf(document.tree, revs[0]) : storedNode(document, revs[0])
    return [node === undefined ? { missing: revs[0] } : { ok: { document, node } }]
  }
  const found = new Map<Rev, FoundRevision>()
  const missing: Rev[] = []
  for (const rev of revs) {
    const nodes = options.latest ? leavesOf(document.tree, rev) : storedNode(document, rev)
    if (nodes.length === 0) missing.push(rev)
    for (const node of nodes) found.set(node.rev, { document, node })
  }
  return [...[...found.values()].map(ok => ({ ok })), ...missing.map(rev => ({ missing: rev }))]
}

/** In the order of `open_revs`: found revisions, then missing ones, each by generation and hash. */
export function sortOpenRevisions(found: readonly OpenRevision[]): OpenRevision[] {
  return found.toSorted((a, b) => {
    const [isMissing, other] = ['missing' in a, 'missing' in b]
    return isMissing === other ? compareRevs(revOf(a), revOf(b)) : isMissing ? 1 : -1
  })
}

function revOf(entry: OpenRevision): Rev {
  return 'missing' in entry ? entry.missing : entry.ok.node.rev
}

function compareRevs(a: Rev, b: Rev): number {
  return generationOf(a) - generationOf(b) || Buffer.compare(hashBytes(hashOf(a)), hashBytes(hashOf(b)))
}

function storedNode(document: StoredDocument, rev: Rev): readonly RevNode[] {
  const node = findRev(document.tree, rev)
  return node === undefined || node.body === 0 ? [] : [node]
}

/**
 * Renders a revision with the metadata asked for, as its reader may see it; attachments as stubs, or as parts that follow.
 *
 * @param reader `SERVER` where the server itself reads, and shows it to nobody
 * @throws what the database's rules throw
 */
export function readRevision(
  database: Database,
  id: DocId,
  found: FoundRevision,
  options: OptionsWithoutData,
  reader: UserContext,
): ReadRevision {
  const { document, node, record, json, sent, hasMetadata } = readUnfilled(
    database,
    id,
    found,
    options,
    reader,
  )
  return { document, node, record, json: json.bytes, sent, hasMetadata }
}
/**
 * Renders a revision as `readRevision` does, with places for the data of the attachments whose data is asked for.
 *
 * @throws what the database's rules throw
 */
export function readUnfilled(
  database: Database,
  id: DocId,
  found: FoundRevision,
  options: DocumentReadOptions,
  reader: UserContext,
): UnfilledRevision {
  const record = options.record ?? database.body(found.node.body)
  const view = viewOf(found, options)
  const metadata = metadataOf(found, options)
  const revsLimit = Math.min(options.revsLimit ?? Infinity, database.state.revsLimit)
  const revisions = options.revs === true ? revisionsMember(found, revsLimit) : ''
  const attachments = attachmentsAroundData(record.attachments, view)
  const { rev, deleted } = found.node
  const extras = revisions + metadata + textWithoutData(attachments)
  const bytes = renderDocument({ id, rev, deleted, body: record.body, extras })
  const json = new UnfilledJson(bytes, placesBefore(bytes.length - 1, attachments))
  return {
    document: found.document,
    node: found.node,
    record,
    json: json.through(whole => applyReadRules(database, id, whole, reader)),
    sent: record.attachments.filter(attachment => isSent(attachment, view)),
    hasMetadata: metadata !== '',
  }
}

/**
 * Asks the rules of revisions before an answer with them begins: then it can still be a refusal.
 *
 * @throws what the database's rules throw
 */
export function checkReadable(
  database: Database,
  id: DocId,
  found: readonly OpenRevision[],
  reader: UserContext,
): void {
  if (database.rules === undefined) return
  for (const entry of found) if ('ok' in entry) readRevision(database, id, entry.ok, {}, reader)
}

function viewOf(found: FoundRevision, options: DocumentReadOptions): AttachmentView {
  const { attachments = 'stubs', attsSince, attEncodingInfo = false } = options
  const newerThan = attsSince === undefined ? -Infinity : newestKnown(found, attsSince)
  return { show: attachments, newerThan, encodingInfo: attEncodingInfo }
}

/** The generation of the newest revision on the path that the reader has (CouchDB: couch_db:find_ancestor_rev_pos/2). */
function newestKnown({ document, node }: FoundRevision, known: readonly Rev[]): number {
  const path = history(document.tree, node.rev)
  const revs = setOf(known)
  const offset = path?.ids.findIndex((hash, back) => revs.has(makeRev(path.start - back, hash))) ?? -1
  return path === undefined || offset < 0 ? 0 : path.start - offset
}

/** One for all leaves that are read with a list. */
const sets = new WeakMap<readonly Rev[], ReadonlySet<Rev>>()

function setOf(known: readonly Rev[]): ReadonlySet<Rev> {
  let set = sets.get(known)
  if (set === undefined) sets.set(known, (set = new Set(known)))
  return set
}

function revisionsMember({ document, node }: FoundRevision, limit: number): string {
  const path = history(document.tree, node.rev, limit)
  return path === undefined ? '' : `,"_revisions":${JSON.stringify({ start: path.start, ids: path.ids })}`
}

function metadataOf({ document, node }: FoundRevision, options: DocumentReadOptions): string {
  let text = ''
  if (options.revsInfo === true) text += `,"_revs_info":${JSON.stringify(revsInfo(document, node.rev))}`
  if (options.conflicts === true || options.deletedConflicts === true) {
    const others = document.branched ? leaves(document.tree).filter(leaf => leaf.rev !== node.rev) : []
    if (options.conflicts === true)
      text += listMember(
        '_conflicts',
        others.filter(leaf => !leaf.deleted),
      )
    if (options.deletedConflicts === true) {
      text += listMember(
        '_deleted_conflicts',
        others.filter(leaf => leaf.deleted),
      )
    }
  }
  if (options.localSeq === true) text += `,"_local_seq":${document.seq}`
  return text
}

function revsInfo(document: StoredDocument, rev: Rev): { rev: Rev; status: string }[] {
  return historyNodes(document.tree, rev).map(node => ({
    rev: node.rev,
    status: node.body === 0 ? 'missing' : node.deleted ? 'deleted' : 'available',
  }))
}

function listMember(name: string, nodes: readonly RevNode[]): string {
  return nodes.length === 0 ? '' : `,"${name}":${JSON.stringify(nodes.map(({ rev }) => rev))}`
}
