import { zeroStats } from '../../protocol/checkpoint.ts'
import type { ReplicationStats } from '../../protocol/checkpoint.ts'
import { isOfDocuments, PeerError } from '../peer-error.ts'
import type {
  Change,
  FetchedRevision,
  MissingRevisions,
  OpenedRevision,
  Peer,
  WriteFailure,
} from '../peer.ts'
import { backoff, retrying, waitToRetry } from '../retry.ts'
import type { RetryPolicy } from '../retry.ts'
import { wait } from '../wait.ts'
import { isDesignId } from '../../protocol/document-id.ts'
import { idOfJson } from './document-id.ts'
import { eachOf } from './each-of.ts'
import { withoutFlaws } from './flawed-changes.ts'
import { MissingFinder, countRevisions } from './missing.ts'
import { Unanswered } from './unanswered.ts'
import { DocumentWriter } from './writer.ts'
import type { FailureSink } from './writer.ts'

/** Options of moving documents. */
export interface TransferOptions {
  readonly useBulkGet: boolean
  readonly retryPolicy: RetryPolicy
  readonly targetIsEmpty: boolean
  /** Requests for single documents that one batch makes at the same time. */
  readonly parallel: number
  /** Documents whose ids have more bytes are passed over. */
  readonly maxIdBytes: number
  /** Ids of the only documents that are requested; others that the source sends are ignored. */
  readonly onlyIds?: ReadonlySet<string>
  /** Milliseconds to wait for a revision that the feed named and the source does not find. */
  readonly missingRetryMs: number
}

/** A revision that is requested by itself. */
type Single = { readonly id: string; readonly rev: string; readonly possibleAncestors: readonly string[] }

const GROUP_BYTES = 8 * 1024 * 1024
const FIRST_GUESS_BYTES = 2048
/** Time for which `_bulk_get` is not used after a peer did not know it or failed at it. */
const PROBE_AGAIN_MS = 10 * 60_000
const PROBE_FAILED = { retries: Infinity, firstWaitMs: 2_000, maxWaitMs: PROBE_AGAIN_MS }

/** Moves the documents of changes from the source to the target. */
export class Transfer {
  readonly #source: Peer
  readonly #target: Peer
  readonly #options: TransferOptions
  readonly #missing: MissingFinder
  readonly #refused: FailureSink
  #documentBytes = FIRST_GUESS_BYTES
  /** Time of `performance.now()` before which `_bulk_get` is not tried. */
  #bulkGetFrom: number
  /** Answers in succession that meant that the peer has no `_bulk_get`. */
  #bulkGetFailures = 0

  constructor(source: Peer, target: Peer, options: TransferOptions, refused: FailureSink) {
    this.#source = source
    this.#target = target
    this.#options = options
    this.#missing = new MissingFinder(target, options.targetIsEmpty)
    this.#refused = refused
    this.#bulkGetFrom = options.useBulkGet ? 0 : Infinity
  }

  /**
   * Moves what the target lacks of these changes.
   *
   * @returns what was counted, once everything is on the target
   */
  async move(given: readonly Change[], signal: AbortSignal): Promise<ReplicationStats> {
    const stats = zeroStats()
    const { onlyIds } = this.#options
    const wanted = onlyIds ? given.filter(({ id }) => onlyIds.has(id)) : given
    const changes = withoutFlaws(wanted, this.#options.maxIdBytes, failure => this.#count(stats, failure))
    const missing = await this.#missing.find(changes, signal)
    stats.missingChecked = countRevisions(changes)
    stats.missingFound = countRevisions(missing)
    const bulk = performance.now() >= this.#bulkGetFrom ? missing.filter(({ id }) => !isDesignId(id)) : []
    const singles = bulk.length > 0 ? missing.filter(({ id }) => isDesignId(id)) : missing
    for (const group of this.#groups(bulk)) add(stats, await this.#moveGroup(group, signal))
    add(stats, await this.#moveSingles(singles.flatMap(revisionsOf), signal))
    return stats
  }

  /** Groups whose documents are likely to fit into bounded memory on both sides. */
  *#groups(missing: readonly MissingRevisions[]): Generator<MissingRevisions[]> {
    let group: MissingRevisions[] = []
    let bytes = 0
    for (const wanted of missing) {
      bytes += wanted.revs.length * this.#documentBytes
      group.push(wanted)
      if (bytes < GROUP_BYTES) continue
      yield group
      group = []
      bytes = 0
    }
    if (group.length > 0) yield group
  }

  async #moveGroup(group: readonly MissingRevisions[], signal: AbortSignal): Promise<ReplicationStats> {
    try {
      return await this.#bulkGet(group, signal)
    } catch (error) {
      if (!(error instanceof PeerError) || error.error !== 'bulk_get_unsupported') throw error
      const pause = error.status === 500 ? backoff(PROBE_FAILED, ++this.#bulkGetFailures) : PROBE_AGAIN_MS
      this.#bulkGetFrom = performance.now() + pause
      return this.#moveSingles(group.flatMap(revisionsOf), signal)
    }
  }

  async #bulkGet(group: readonly MissingRevisions[], signal: AbortSignal): Promise<ReplicationStats> {
    const stats = zeroStats()
    const writer = new DocumentWriter(this.#target, stats, this.#refused, signal)
    const later: Single[] = []
    const unanswered = new Unanswered(group, this.#source.url)
    stats.bulkGetAttempts = countRevisions(group)
    for await (const found of this.#fetch(group, writer, signal)) {
      for (const revision of found) {
        const id = revision.kind === 'document' ? this.#idOf(revision.json) : revision.id
        if (!unanswered.answered(id)) this.#refuseUnasked(stats, id)
        else if (revision.kind !== 'document') later.push(singleOf(revision, group))
        else await this.#write(writer, revision.json, stats)
      }
    }
    await writer.flush()
    this.#bulkGetFailures = 0
    // Revisions missing from an answer are requested once more, each by itself.
    later.push(...unanswered.rest.flatMap(revisionsOf))
    add(stats, await this.#moveSingles(later, signal))
    return stats
  }

  #idOf(json: Uint8Array): string {
    return idOfJson(json, this.#options.onlyIds !== undefined)
  }

  #refuseUnasked(stats: ReplicationStats, id: string): void {
    const reason = `${this.#source.url} answered with a document that was not asked for`
    this.#count(stats, { id, rev: '', status: 0, error: 'not_asked_for', reason })
  }

  /**
   * Reads a group of revisions. If an answer is cut off, what has arrived is written and the rest is requested
   * again, so that a connection that never lasts for a whole answer still moves everything.
   */
  async *#fetch(
    group: readonly MissingRevisions[],
    writer: DocumentWriter,
    signal: AbortSignal,
  ): AsyncGenerator<FetchedRevision[]> {
    let rest = group
    for (let failures = 0; rest.length > 0;) {
      try {
        for await (const found of this.#source.bulkGet(rest, signal)) {
          failures = 0
          yield found
        }
        return
      } catch (error) {
        await waitToRetry(this.#options.retryPolicy, error, ++failures, signal)
      }
      await writer.flush()
      rest = await this.#missing.among(rest, signal)
    }
  }

  async #write(writer: DocumentWriter, json: Uint8Array, stats: ReplicationStats): Promise<void> {
    stats.docsRead++
    stats.bulkGetDocs++
    this.#documentBytes += (json.length - this.#documentBytes) / 64
    await writer.add(json)
  }

  async #moveSingles(singles: readonly Single[], signal: AbortSignal): Promise<ReplicationStats> {
    const stats = zeroStats()
    const writer = new DocumentWriter(this.#target, stats, this.#refused, signal)
    await eachOf(singles, this.#options.parallel, signal, async (single, part) => {
      add(stats, await this.#moveSingle(single, writer, part))
    })
    await writer.flush()
    return stats
  }

  /** Moves one revision. One that a peer finds malformed counts as a failure, and the others go on. */
  async #moveSingle(single: Single, writer: DocumentWriter, signal: AbortSignal): Promise<ReplicationStats> {
    try {
      return await this.#tryToMove(single, writer, signal)
    } catch (error) {
      if (!(error instanceof PeerError) || !isOfDocuments(error)) throw error
      const { status, reason } = error
      this.#refused({ id: single.id, rev: single.rev, status, error: error.error, reason })
      return { ...zeroStats(), docWriteFailures: 1 }
    }
  }

  /** The second try asks for all attachments: the first may have left out what the target turned out not to have. */
  async #tryToMove(single: Single, writer: DocumentWriter, signal: AbortSignal): Promise<ReplicationStats> {
    let wanted = single
    return retrying(this.#options.retryPolicy, signal, async () => {
      const asked = wanted
      wanted = { ...single, possibleAncestors: [] }
      const stats = await this.#open(asked, writer, signal)
      if (stats) return stats
      await wait(this.#options.missingRetryMs, signal)
      return (await this.#open(wanted, writer, signal)) ?? this.#neverFound(single)
    })
  }

  /** Null when the source does not have the revision, whether it says so or answers nothing. */
  async #open(single: Single, writer: DocumentWriter, signal: AbortSignal): Promise<ReplicationStats | null> {
    const stats = zeroStats()
    const unanswered = new Unanswered([{ ...single, revs: [single.rev] }], this.#source.url)
    for await (const revision of this.#source.openRevision(single, signal)) {
      if (revision.kind === 'missing') return null
      const id = revision.kind === 'document' ? this.#idOf(revision.json) : single.id
      if (!unanswered.answered(id)) {
        this.#refuseUnasked(stats, id)
        continue
      }
      stats.docsRead++
      if (revision.kind === 'document' && !isDesignId(single.id)) await writer.add(revision.json)
      else this.#count(stats, await this.#target.put(single.id, withRev(revision, single.rev), signal))
    }
    return stats.docsRead > 0 ? stats : null
  }

  #count(stats: ReplicationStats, failure: WriteFailure | null): void {
    if (failure === null) stats.docsWritten++
    else {
      stats.docWriteFailures++
      this.#refused(failure)
    }
  }

  /** A revision that the feed names and the source has no more: purged, or lost by the source. */
  #neverFound({ id, rev }: Single): ReplicationStats {
    const reason = `the source has it in its changes feed, but not as a document: ${this.#source.url}`
    this.#refused({ id, rev, status: 404, error: 'not_found', reason })
    return { ...zeroStats(), docWriteFailures: 1 }
  }
}

function withRev(revision: OpenedRevision, rev: string): OpenedRevision {
  return revision.kind === 'multipart' ? { ...revision, rev } : revision
}

function revisionsOf({ id, revs, possibleAncestors }: MissingRevisions): Single[] {
  return revs.map(rev => ({ id, rev, possibleAncestors }))
}

function singleOf(
  { id, rev }: Exclude<FetchedRevision, { kind: 'document' }>,
  group: readonly MissingRevisions[],
): Single {
  return { id, rev, possibleAncestors: group.find(wanted => wanted.id === id)?.possibleAncestors ?? [] }
}

function add(to: ReplicationStats, from: ReplicationStats): void {
  for (const key of Object.keys(to) as (keyof ReplicationStats)[]) to[key] += from[key]
}
