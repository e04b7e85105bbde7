import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { commonSession, numberOf } from '../protocol/checkpoint.ts'
import type { Checkpoint, CommonSession, SourceSeq } from '../protocol/checkpoint.ts'
import { REPLICATION_ID_VERSION } from '../protocol/replication-id.ts'
import type { ReplicationId } from '../protocol/replication-id.ts'
import { PeerError } from './peer-error.ts'
import type { PeerLocalDocument, Peer } from './peer.ts'

/** A source that may not be written to: its checkpoint is kept on the target alone, which says so. */
interface TargetOnly {
  readonly source_read_only?: boolean
  readonly source_instance_start_time?: string
}

/** Why a replication starts before the point that one of its checkpoints names. */
export interface Rewind {
  readonly reason: string
  readonly from: SourceSeq
  readonly to: SourceSeq
}

/** Position from which a replication resumes. */
export interface Resumption extends CommonSession {
  readonly rewind?: Rewind
  /** The source's checkpoint, for the answer of a run that finds no changes. */
  readonly sourceLog: unknown
}

type Side = 'source' | 'target'

const READ_ONLY = [401, 403, 405]

/** The checkpoint documents of one replication on both sides. */
export class Checkpoints {
  readonly #source: Peer
  readonly #target: Peer
  readonly #id: ReplicationId
  readonly #instances: { readonly source: string; readonly target: string }
  #sourceRev: string | undefined
  #targetRev: string | undefined
  /** Contents of both checkpoints as last read or written. */
  #written = { source: '', target: '' }
  /** Contents that they may have instead: of writes whose answers did not come, as the run ended meanwhile. */
  readonly #unanswered: { source?: string; target?: string } = {}
  #sourceReadOnly = false

  /** @param instances the databases' instance start times when the replication began */
  constructor(source: Peer, target: Peer, id: ReplicationId, instances: { source: string; target: string }) {
    this.#source = source
    this.#target = target
    this.#id = id
    this.#instances = instances
  }

  /**
   * Reads both documents, also under the ids of older versions.
   *
   * @param olderIds newest first
   */
  async resume(olderIds: readonly ReplicationId[], signal: AbortSignal): Promise<Resumption> {
    const [source, target] = await Promise.all([
      this.#find(this.#source, olderIds, signal),
      this.#find(this.#target, olderIds, signal),
    ])
    this.#sourceRev = source.rev
    this.#targetRev = target.rev
    this.#written = {
      source: source.rev ? stateOf(source.body) : '',
      target: target.rev ? stateOf(target.body) : '',
    }
    const readOnly = this.#targetOnly(source.body, target.body)
    const common = commonSession(readOnly ? target.body : source.body, target.body)
    const rewind = readOnly ? undefined : findRewind(source.body, target.body, common.since)
    return { ...common, sourceLog: readOnly ? target.body : source.body, ...(rewind ? { rewind } : {}) }
  }

  /**
   * Writes the checkpoint to both sides, once everything before it is durable on the target.
   *
   * @throws PeerError `checkpoint_commit_failure`
   */
  async save(checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
    const [source, target] = await Promise.all([
      this.#source.ensureFullCommit(signal),
      this.#target.ensureFullCommit(signal),
      this.verify(signal),
    ])
    if (differ(target, this.#instances.target)) throw outOfSync('Target', this.#target.url)
    if (differ(source, this.#instances.source)) throw outOfSync('Source', this.#source.url)
    if (!this.#sourceReadOnly) await this.#saveToSource(checkpoint, signal)
    const targetOnly: TargetOnly = {
      source_read_only: true,
      source_instance_start_time: this.#instances.source,
    }
    const body = this.#sourceReadOnly ? { ...checkpoint, ...targetOnly } : checkpoint
    this.#targetRev = await this.#write('target', body, this.#targetRev, signal)
    await this.#revokeIfRecreated(signal)
  }

  /**
   * Empties the checkpoint of a database that was recreated just before it was written: nobody would notice any more
   * that it lacks what the old one had.
   *
   * @throws PeerError `checkpoint_commit_failure`
   */
  async #revokeIfRecreated(signal: AbortSignal): Promise<void> {
    const [source, target] = await Promise.all([this.#source.info(signal), this.#target.info(signal)])
    if (differ(target.instanceStartTime, this.#instances.target)) {
      await this.#put(this.#target, emptyCheckpoint(), this.#targetRev, signal)
      throw outOfSync('Target', this.#target.url)
    }
    if (differ(source.instanceStartTime, this.#instances.source)) {
      if (!this.#sourceReadOnly) await this.#put(this.#source, emptyCheckpoint(), this.#sourceRev, signal)
      throw outOfSync('Source', this.#source.url)
    }
  }

  /**
   * Checks that both documents still say what they said: a side that was recreated or restored from a backup lacks what
   * was moved since, and only starting over at the last common session finds that out.
   *
   * @throws PeerError `checkpoint_commit_failure`
   */
  async verify(signal: AbortSignal): Promise<void> {
    const [source, target] = await Promise.all([
      this.#sourceReadOnly ? undefined : this.#source.getLocal(this.#id, signal),
      this.#target.getLocal(this.#id, signal),
    ])
    if (source !== undefined && !this.#isExpected('source', source)) throw setBack('Source', this.#source.url)
    if (!this.#isExpected('target', target)) throw setBack('Target', this.#target.url)
  }

  #isExpected(side: Side, found: PeerLocalDocument | null): boolean {
    const state = stateOf(found?.body)
    return state === this.#written[side] || state === this.#unanswered[side]
  }

  async #saveToSource(checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
    try {
      this.#sourceRev = await this.#write('source', checkpoint, this.#sourceRev, signal)
    } catch (error) {
      if (!(error instanceof PeerError) || !READ_ONLY.includes(error.status)) throw error
      this.#sourceReadOnly = true
    }
  }

  async #write(side: Side, body: object, rev: string | undefined, signal: AbortSignal): Promise<string> {
    const peer = side === 'source' ? this.#source : this.#target
    const before = this.#unanswered[side]
    this.#unanswered[side] = stateOf(body)
    const written = await this.#put(peer, body, rev, signal).catch(async (error: unknown) => {
      if (!(error instanceof PeerError) || error.error !== 'checkpoint_commit_failure') throw error
      const there = await peer.getLocal(this.#id, signal)
      if (there === null || before === undefined || stateOf(there.body) !== before) throw error
      return peer.putLocal(this.#id, body, there.rev, signal)
    })
    this.#written[side] = stateOf(body)
    delete this.#unanswered[side]
    return written
  }

  /** A conflict with the same body is our own write, whose answer was lost. */
  async #put(peer: Peer, body: object, rev: string | undefined, signal: AbortSignal): Promise<string> {
    try {
      return await peer.putLocal(this.#id, body, rev, signal)
    } catch (error) {
      if (!(error instanceof PeerError) || error.error !== 'conflict') throw error
      const there = await peer.getLocal(this.#id, signal)
      if (there && sameBody(there, body)) return there.rev
      const reason = `Error updating the checkpoint document ${peer.url}_local/${this.#id}: conflict`
      throw new PeerError('checkpoint_commit_failure', reason, { transient: true })
    }
  }

  async #find(
    peer: Peer,
    olderIds: readonly ReplicationId[],
    signal: AbortSignal,
  ): Promise<Partial<PeerLocalDocument>> {
    const [current, ...older] = await Promise.all(
      [this.#id, ...olderIds].map(id => peer.getLocal(id, signal)),
    )
    if (current) return current
    const newest = older.find(found => found !== null)
    if (newest) return { body: newest.body }
    return {}
  }

  #targetOnly(source: unknown, target: unknown): boolean {
    if (source !== undefined || typeof target !== 'object' || target === null) return false
    const { source_read_only: readOnly, source_instance_start_time: instance } = target as TargetOnly
    return readOnly === true && instance === this.#instances.source
  }
}

/** A checkpoint that has no session in common with any other. */
function emptyCheckpoint(): Checkpoint {
  const sessionId = randomBytes(16).toString('hex')
  return {
    session_id: sessionId,
    source_last_seq: 0,
    replication_id_version: REPLICATION_ID_VERSION,
    history: [],
  }
}

function sameBody({ body }: PeerLocalDocument, sent: object): boolean {
  const { _id, _rev, ...members } = body as Record<string, unknown>
  return isDeepStrictEqual(members, JSON.parse(JSON.stringify(sent)))
}

/** Returns whether two instance start times differ; false if one is unknown. */
function differ(now: string, before: string): boolean {
  return now !== '' && before !== '' && now !== '0' && before !== '0' && now !== before
}

function outOfSync(side: 'Source' | 'Target', url: string): PeerError {
  const reason = `${side} database out of sync: ${url} was created again while the replication ran`
  return new PeerError('checkpoint_commit_failure', reason, { transient: true })
}

function setBack(side: string, url: string): PeerError {
  const reason = `${side} database out of sync: ${url} does not have the checkpoint that was written to it`
  return new PeerError('checkpoint_commit_failure', reason, { transient: true })
}

function stateOf(log: unknown): string {
  if (typeof log !== 'object' || log === null) return ''
  const { session_id: session, source_last_seq: seq } = log as Partial<Checkpoint>
  return JSON.stringify([session, seq])
}

function findRewind(source: unknown, target: unknown, since: SourceSeq): Rewind | undefined {
  const seqs = [source, target].map(lastSeq)
  const furthest = seqs.reduce((a, b) => (numberOf(a ?? 0) >= numberOf(b ?? 0) ? a : b))
  if (furthest === undefined || numberOf(furthest) <= numberOf(since)) return undefined
  const lost = source === undefined ? 'source' : target === undefined ? 'target' : undefined
  const reason = lost ? `the ${lost} has no checkpoint` : 'the checkpoints of source and target have parted'
  return { reason, from: furthest, to: since }
}

function lastSeq(log: unknown): SourceSeq | undefined {
  return (log as Partial<Checkpoint> | undefined)?.source_last_seq
}

/** Returns whether a sequence is surely before another. Those of a CouchDB cluster depend on the node that answers. */
export function isBefore(seq: SourceSeq, other: SourceSeq): boolean {
  return suffixOf(seq) === suffixOf(other) && numberOf(seq) < numberOf(other)
}

function suffixOf(seq: SourceSeq): string {
  return String(seq).replace(/^\d+/, '')
}
