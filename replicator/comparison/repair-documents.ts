import type { ReplicationPlan } from '../replication-plan.ts'
import { PeerError } from '../peer-error.ts'
import type { Peer } from '../peer.ts'
import { transferOptions } from '../pipeline/transfer-options.ts'
import { Transfer } from '../pipeline/transfer.ts'
import { damagedSide, differencesOf } from './compare-contents.ts'
import { contentsOf, revisionKey, type RevisionContent } from './contents.ts'
import type { Sides } from './sides.ts'

type Side = 'source' | 'target'

/** A document to repair, as the line of a comparison names it. */
export interface RepairedDocument {
  readonly id: string
  /** Revisions whose bodies or attachments differ, or cannot be read. */
  readonly revs: readonly string[]
  /** True where leaves differ although neither side lacks a revision: their histories are exchanged. */
  readonly exchange: boolean
}

/** Options of a repair. */
export interface RepairOptions {
  /** The side whose content is taken where neither proves to be right. */
  readonly take?: Side | undefined
  /** Leaves the source as it is. */
  readonly oneWay: boolean
  readonly plan: Pick<ReplicationPlan, 'options' | 'maxIdBytes'>
}

/** Outcome of a revision's repair. */
export interface RepairLine {
  readonly id: string
  readonly rev: string
  /** `undecided`: a person has to say which side is right. */
  readonly outcome: 'repaired' | 'equal' | 'undecided' | 'failed'
  /** The side that was written to. */
  readonly damaged?: Side
  readonly reason?: string
}

type Outcome = Omit<RepairLine, 'id' | 'rev'>

interface Revision {
  readonly id: string
  readonly rev: string
}

/** Contents of a revision. */
type Contents = Readonly<Record<Side, RevisionContent>>

/** Revisions that are read, purged and copied together. */
const AT_ONCE = 100
const MISSING = { kind: 'missing' } as const

/**
 * Repairs what no replication does, as both sides have the revisions: contents that differ, and leaves. A damaged revision is
 * purged on its side and copied from the other. Which side is damaged follows from the content: a revision's id is a hash of it.
 *
 * @returns a line for each revision
 * @throws PeerError where a side cannot be reached
 */
export async function* repairDocuments(
  sides: Sides,
  documents: readonly RepairedDocument[],
  options: RepairOptions,
  signal: AbortSignal,
): AsyncGenerator<RepairLine, void, undefined> {
  for (let start = 0; start < documents.length; start += AT_ONCE) {
    const group = documents.slice(start, start + AT_ONCE)
    const refused = await exchangeHistories(
      sides,
      group.filter(({ exchange }) => exchange),
      options,
      signal,
    )
    const revisions = group.flatMap(({ id, revs }) => revs.map(rev => ({ id, rev })))
    const outcomes = await repairContents(sides, revisions, options, signal)
    const exchanged = new Set(group.flatMap(({ id, exchange }) => (exchange ? [id] : [])))
    for (const { id, rev } of revisions) {
      const reason = exchanged.has(id) ? refused.get(id) : undefined
      const outcome = outcomes.get(revisionKey(id, rev))!
      if (reason !== undefined) yield { id, rev, outcome: 'failed', reason }
      else if (exchanged.has(id) && outcome.outcome === 'equal') yield { id, rev, outcome: 'repaired' }
      else yield { id, rev, ...outcome }
    }
  }
}

/**
 * Gives each side the leaves that follow revisions on the other, with their histories: a leaf that one of them descends from is
 * none any more.
 *
 * @returns why a side did not take them, by the document's id
 */
async function exchangeHistories(
  { source, target }: Sides,
  documents: readonly RepairedDocument[],
  options: RepairOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const there = await send(source, target, documents, options, signal)
  if (options.oneWay) return there
  return new Map([...there, ...(await send(target, source, documents, options, signal))])
}

/** @returns outcomes by {@link revisionKey} */
async function repairContents(
  sides: Sides,
  revisions: readonly Revision[],
  options: RepairOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>()
  const damaged: Record<Side, Revision[]> = { source: [], target: [] }
  const before = await bothContents(sides, revisions, signal)
  for (const revision of revisions) {
    const key = revisionKey(revision.id, revision.rev)
    const found = judge(revision, before.get(key)!, options)
    if (typeof found === 'string') damaged[found].push(revision)
    else outcomes.set(key, found)
  }
  for (const side of ['target', 'source'] as const) {
    const replaced = damaged[side]
    const refused = await replace(sides, side, replaced, options, signal)
    const after = await bothContents(sides, replaced, signal)
    for (const revision of replaced) {
      const { id, rev } = revision
      const { source, target } = after.get(revisionKey(id, rev))!
      const isEqual = source.kind === 'content' && target.kind === 'content'
      const isRepaired = isEqual && differencesOf(revision, source, target).length === 0
      const reason = refused.get(id) ?? `the ${side} does not give it as the other does`
      outcomes.set(
        revisionKey(id, rev),
        isRepaired ? { outcome: 'repaired', damaged: side } : { outcome: 'failed', damaged: side, reason },
      )
    }
  }
  return outcomes
}

/** Returns the side on which a revision is to be replaced, or why it is not. */
function judge(
  revision: Revision,
  { source, target }: Contents,
  { take, oneWay }: RepairOptions,
): Side | Outcome {
  if (differencesOf(revision, source, target).length === 0) return { outcome: 'equal' }
  const damaged = damagedSide(source, target) ?? otherThan(take)
  if (damaged === undefined)
    return { outcome: 'undecided', reason: 'neither side proves to be right: a person has to choose' }
  if ((damaged === 'target' ? source : target).kind !== 'content')
    return { outcome: 'failed', damaged, reason: 'the other side cannot give it' }
  if (damaged === 'source' && oneWay)
    return { outcome: 'undecided', damaged, reason: 'the source is damaged, and is to stay as it is' }
  return damaged
}

/**
 * Purges revisions on the damaged side, and copies them from the other. Where that fails for some, each is tried by itself.
 *
 * @returns why revisions were not replaced, by the document's id
 */
async function replace(
  sides: Sides,
  damaged: Side,
  revisions: readonly Revision[],
  options: RepairOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>()
  if (revisions.length === 0) return refused
  const [from, to] = damaged === 'target' ? [sides.source, sides.target] : [sides.target, sides.source]
  const documents = byDocument(revisions)
  try {
    if (to.purge === undefined) throw new PeerError('bad_request', 'what it has cannot be replaced')
    await to.purge(documents, signal)
    return await send(from, to, documents, options, signal)
  } catch (error) {
    if (signal.aborted || !(error instanceof PeerError)) throw error
    if (revisions.length === 1) return refused.set(revisions[0]!.id, error.reason)
  }
  for (const revision of revisions)
    for (const [id, reason] of await replace(sides, damaged, [revision], options, signal))
      refused.set(id, reason)
  return refused
}

/**
 * Copies revisions, also those that the other side knows.
 *
 * @returns why they were refused, by the document's id
 */
async function send(
  from: Peer,
  to: Peer,
  documents: readonly { readonly id: string; readonly revs: readonly string[] }[],
  { plan }: RepairOptions,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const refused = new Map<string, string>()
  if (documents.length === 0) return refused
  const transfer = new Transfer(from, to, transferOptions(plan, true), ({ id, error, reason }) =>
    refused.set(id, `${error}: ${reason}`),
  )
  await transfer.move(
    documents.map(({ id, revs }) => ({ id, revs, seq: 0 })),
    signal,
  )
  return refused
}

/** @returns contents by {@link revisionKey} */
async function bothContents(
  { source, target }: Sides,
  revisions: readonly Revision[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Contents>> {
  const contents = new Map<string, Contents>()
  if (revisions.length === 0) return contents
  const wanted = byDocument(revisions)
  const [here, there] = await Promise.all([
    contentsOf(source, wanted, signal, { prove: true }),
    contentsOf(target, wanted, signal, { prove: true }),
  ])
  for (const { id, rev } of revisions) {
    const key = revisionKey(id, rev)
    contents.set(key, { source: here.get(key) ?? MISSING, target: there.get(key) ?? MISSING })
  }
  return contents
}

/** Groups revisions by document. */
function byDocument(revisions: readonly Revision[]): { readonly id: string; readonly revs: string[] }[] {
  const revs = new Map<string, string[]>()
  for (const { id, rev } of revisions) revs.set(id, [...(revs.get(id) ?? []), rev])
  return Array.from(revs, ([id, all]) => ({ id, revs: all }))
}

function otherThan(side: Side | undefined): Side | undefined {
  if (side === undefined) return undefined
  return side === 'source' ? 'target' : 'source'
}
