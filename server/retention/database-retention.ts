import type { Logger } from 'pino'
import type { Retention } from '../../protocol/retention.ts'
import type { Database } from '../database/database.ts'
import { indexExpiries } from '../database/retention/expiry-index.ts'
import {
  readRetentionState,
  type RetentionState,
  saveRetentionState,
} from '../database/retention/retention-state.ts'
import { markNow, seqOlderThan } from './age-marks.ts'
import { expireDocuments } from './expire-documents.ts'
import { type Peer, peersOf } from './peers.ts'
import { hasTombstones, purgeTombstones } from './purge-tombstones.ts'

/** Progress of a run, for `_active_tasks`. Milliseconds since 1970. */
export interface RetentionProgress {
  readonly phase: 'purge_tombstones' | 'index_expiries' | 'expire_documents'
  readonly started: number
  readonly updated: number
  /** Sequences, or documents of `expire_documents`. */
  readonly done: number
  readonly total: number
}

export interface RetentionContext {
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Waits between two commits, so that other writers come first. */
  readonly pause: (signal: AbortSignal) => Promise<void>
}

/** Applies the rules of one database, and knows what they did since the server's start. */
export class DatabaseRetention {
  /** Since the start. */
  purged = 0
  expired = 0
  /** Documents whose deletion was refused by the last run. */
  refused = 0
  /** Checkpoints of peers that have not seen tombstones which are old enough, as of the last run. */
  heldBackBy: readonly string[] = []
  /** Of the last run; undefined after success. */
  error: string | undefined
  progress: RetentionProgress | undefined
  readonly #database: Database
  readonly #context: RetentionContext

  constructor(database: Database, context: RetentionContext) {
    this.#database = database
    this.#context = context
  }

  /** Applies the rules as they are now; ends soon after the signal, with what was done. */
  async run(signal: AbortSignal): Promise<void> {
    const { retention = {} } = this.#database.state
    const before = { purged: this.purged, expired: this.expired }
    try {
      await this.#expire(retention, signal)
      await this.#purge(retention, signal)
    } finally {
      this.progress = undefined
      const purged = this.purged - before.purged
      const expired = this.expired - before.expired
      if (purged + expired > 0)
        this.#context.log.info({ database: this.#database.name, purged, expired }, 'retention was applied')
    }
  }

  async #expire({ expires_field: field }: Retention, signal: AbortSignal): Promise<void> {
    const { log, now, pause } = this.#context
    const database = this.#database
    const refusedBefore = this.refused
    this.refused = 0
    // A follower takes the deletions of its source.
    if (field === undefined || database.state.follower !== undefined) return
    const { seq } = database.state
    for await (const done of indexExpiries(database, field)) {
      this.#note('index_expiries', done, seq)
      if (signal.aborted) return
    }
    let done = 0
    let reason: string | undefined
    for await (const expired of expireDocuments(database, field, now())) {
      this.expired += expired.deleted
      this.refused += expired.refused
      reason ??= expired.reason
      this.#note('expire_documents', (done += expired.deleted + expired.refused), done)
      await pause(signal)
      if (signal.aborted) return
    }
    if (this.refused > refusedBefore)
      log.warn(
        { database: database.name, refused: this.refused, reason },
        'documents whose time is over are not deleted: the database refuses it',
      )
  }

  async #purge(rules: Retention, signal: AbortSignal): Promise<void> {
    const heldBackBefore = this.heldBackBy.length
    this.heldBackBy = []
    if (rules.purge_tombstones_older_than === undefined) return
    const state = await this.#mark(rules)
    const oldest = seqOlderThan(state.marks, this.#context.now(), rules.purge_tombstones_older_than * 1000)
    if (oldest <= state.purgedSeq) return
    const peers = (await peersOf(this.#database, signal)).filter(
      peer => !this.#isForgotten(peer, rules, state),
    )
    const upTo = Math.min(oldest, ...peers.map(({ seq }) => seq))
    await this.#purgeUpTo(upTo, state, signal)
    if (signal.aborted || upTo === oldest) return
    if (!(await hasTombstones(this.#database, { after: Math.max(upTo, state.purgedSeq), upTo: oldest })))
      return
    this.heldBackBy = peers.filter(({ seq }) => seq < oldest).map(({ id }) => id)
    if (heldBackBefore === 0)
      this.#context.log.warn(
        { database: this.#database.name, peers: this.heldBackBy.length, checkpoint: this.heldBackBy[0] },
        'old tombstones are kept: a peer has not seen them',
      )
  }

  async #purgeUpTo(upTo: number, state: RetentionState, signal: AbortSignal): Promise<void> {
    const range = { after: state.purgedSeq, upTo }
    if (upTo <= range.after) return
    for await (const { seq, count } of purgeTombstones(this.#database, range)) {
      this.purged += count
      await saveRetentionState(this.#database, { purgedSeq: seq })
      this.#note('purge_tombstones', seq - range.after, upTo - range.after)
      if (count > 0) await this.#context.pause(signal)
      if (signal.aborted) return
    }
    await saveRetentionState(this.#database, { purgedSeq: upTo })
  }

  /** Notes which sequence the database has now, so that its changes have an age. */
  async #mark(rules: Retention): Promise<RetentionState> {
    const state = await readRetentionState(this.#database)
    const ages = [rules.purge_tombstones_older_than, rules.forget_peers_after].flatMap(age =>
      age === undefined ? [] : [age * 1000],
    )
    const marks = markNow(state.marks, this.#context.now(), this.#database.state.seq, ages)
    if (JSON.stringify(marks) !== JSON.stringify(state.marks))
      await saveRetentionState(this.#database, { marks })
    return { ...state, marks }
  }

  /** A peer that has had something to fetch for so long, and did not. */
  #isForgotten({ seq }: Peer, { forget_peers_after: age }: Retention, { marks }: RetentionState): boolean {
    return age !== undefined && seq < seqOlderThan(marks, this.#context.now(), age * 1000)
  }

  #note(phase: RetentionProgress['phase'], done: number, total: number): void {
    const now = this.#context.now()
    this.progress = { phase, started: this.progress?.started ?? now, updated: now, done, total }
  }
}
