import { hash } from 'node:crypto'
import { encodeDelta } from '../../../protocol/delta/encode.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import type { RevisionDelta } from '../../../protocol/delta/revision-delta.ts'
import { hashOf, type Rev } from '../../../protocol/revision.ts'
import { history, historyNodes } from '../../../protocol/revtree/history.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../database.ts'
import type { BodyRecord } from './body-record.ts'
import { damageOf } from './damage-of.ts'
import { type DocumentReadOptions, type FoundRevision, readUnfilled } from './read-document.ts'
import type { UnfilledJson } from './unfilled-json.ts'

/** Lengths of bodies, in bytes, that are sent as deltas; none are where `maxBytes` is 0. */
export interface DeltaLimits {
  readonly minBytes: number
  readonly maxBytes: number
}

/** Largest part of a body that a delta may have: a longer one saves too little for what it costs. */
const LARGEST_SHARE = 0.5

/** Returns whether a database hands out deltas: not where readers do not see bodies as they are stored. */
export function sendsDeltas(database: Database, { maxBytes }: DeltaLimits): boolean {
  return maxBytes > 0 && database.rules === undefined && database.state.follower?.mask === undefined
}

/** A reader's request for a delta. */
export interface WantedDelta {
  /** Revisions that the reader has. */
  readonly bases: ReadonlySet<Rev>
  readonly limits: DeltaLimits
}

/**
 * Reads a revision as `readUnfilled` does, or describes it by one that the reader has, where that is much shorter.
 *
 * @throws what `readUnfilled` throws
 */
export function readUnfilledOrDelta(
  database: Database,
  id: DocId,
  found: FoundRevision,
  options: DocumentReadOptions & { readonly wanted: WantedDelta | undefined },
  reader: UserContext,
): UnfilledJson | RevisionDelta {
  const { wanted } = options
  const record = database.body(found.node.body)
  const delta = wanted && deltaOf(database, id, found, record, wanted)
  return delta ?? readUnfilled(database, id, found, { ...options, record }, reader).json
}

/**
 * Describes a revision by the newest of its ancestors that the reader has.
 *
 * @param record the revision's body, as it is stored
 * @returns undefined where the whole revision is to be sent
 */
function deltaOf(
  database: Database,
  id: DocId,
  { document, node }: FoundRevision,
  { body, attachments }: BodyRecord,
  { bases, limits }: WantedDelta,
): RevisionDelta | undefined {
  if (bases.size === 0) return undefined
  if (attachments.length > 0 || body.length < limits.minBytes || body.length > limits.maxBytes)
    return undefined
  const path = historyNodes(document.tree, node.rev)
  const steps = path.findIndex((ancestor, n) => n > 0 && bases.has(ancestor.rev))
  const base = path[steps]
  if (base === undefined || base.body === 0) return undefined
  const known = storedBody(database, base.body)?.body
  if (known === undefined || known.length > limits.maxBytes) return undefined
  const delta = encodeDelta(known, body, body.length * LARGEST_SHARE)
  if (delta === undefined) return undefined
  const ids = path.slice(0, steps).map(({ rev }) => hashOf(rev))
  return { id, rev: node.rev, base: base.rev, deleted: node.deleted, ids, digest: digestOf(body), delta }
}

/** Returns a body and its history, of which deltas are made; undefined where it is not there. */
export function readBase(
  database: Database,
  id: DocId,
  rev: Rev,
): { readonly body: Uint8Array; readonly ids: readonly string[] } | undefined {
  const document = database.document(id)
  if (document === undefined || database.state.follower?.mask !== undefined) return undefined
  const [node] = historyNodes(document.tree, rev)
  const body = node === undefined || node.body === 0 ? undefined : storedBody(database, node.body)?.body
  const path = history(document.tree, rev)
  return body === undefined || path === undefined ? undefined : { body, ids: path.ids }
}

/** Returns a body's record; undefined if it was removed meanwhile, or is damaged. */
function storedBody(database: Database, number: number): BodyRecord | undefined {
  try {
    return database.body(number)
  } catch (error) {
    if (damageOf(error) === undefined && (error as { status?: unknown }).status !== 404) throw error
    return undefined
  }
}

function digestOf(body: Uint8Array): string {
  return hash('sha256', body, 'base64url')
}
