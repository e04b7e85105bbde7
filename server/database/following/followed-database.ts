import type { DocId } from '../../../protocol/document-id.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { CommittedChange } from '../commit/commit-record.ts'
import type { Database } from '../database.ts'
import { idOfRow } from '../reading/row-text.ts'
import { SECURITY_SETTING } from '../setting-names.ts'
import { decodeState } from '../state.ts'
import { STORAGE } from '../storage-of.ts'

/** More changes than this are read from the index by each feed, as after a long absence. */
const MAX_CHANGES = 1000

/** Documents whose last sequence is remembered. */
const MAX_REMEMBERED = 10_000

/**
 * A database that another thread writes. Everything is on disk when a write is answered, so that following it is reading
 * its state and its `_security` again; the latest rows go to live feeds as a commit of this thread's would.
 */
export class FollowedDatabase {
  readonly database: Database
  /** The record of the database, as it is stored. */
  readonly record: Uint8Array
  #state: Uint8Array | undefined
  #security: Uint8Array | undefined
  #seq: number
  readonly #lastSeqs = new Map<DocId, number>()

  constructor(database: Database, record: Uint8Array) {
    this.database = database
    this.record = record
    this.#seq = database.state.seq
    this.follow()
  }

  /** Takes over what is on disk now. */
  follow(): void {
    const { store, keys } = this.database[STORAGE]
    const state = store.getSync(keys.state)
    const security = store.getSync(keys.text(KeySpace.setting, SECURITY_SETTING))
    if (isSame(state, this.#state) && isSame(security, this.#security)) return
    this.#state = state
    this.#security = security
    const decoded = decodeState(state)
    this.database.follow(decoded, security)
    if (decoded.seq > this.#seq) this.#feed(this.#seq, decoded.seq)
    this.#seq = decoded.seq
  }

  /** Wakes live feeds with the rows behind a sequence number. */
  #feed(after: number, upTo: number): void {
    const { tail } = this.database
    if (tail.listeners.size === 0 || upTo - after > MAX_CHANGES) {
      this.#lastSeqs.clear()
      tail.advance(upTo)
      return
    }
    const changes: CommittedChange[] = []
    const { store, keys } = this.database[STORAGE]
    for (let seq = after + 1; seq <= upTo; seq++) {
      const record = store.getSync(keys.number(KeySpace.change, seq))
      // A document that has changed again since then has its row further on.
      if (record !== undefined) changes.push(this.#changeOf(seq, record))
    }
    if (changes.length > 0) tail.apply({ changes })
  }

  #changeOf(seq: number, record: Uint8Array): CommittedChange {
    const id = idOfRow(record)
    const previousSeq = this.#lastSeqs.get(id) ?? 0
    if (this.#lastSeqs.size >= MAX_REMEMBERED) this.#lastSeqs.clear()
    this.#lastSeqs.set(id, seq)
    return { seq, id, previousSeq, wasLive: false, isLive: true, isInConflict: false, record }
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Buffer.compare(a, b) === 0
}
