import { randomBytes } from 'node:crypto'
import { fail } from '../../../protocol/errors.ts'
import type { Catalog } from '../../database/catalog.ts'
import type { ReplicatedChange } from '../../database/replication-hook.ts'
import { putLogPlace, readLogPlace } from '../../database/replicated-records.ts'
import type { Store, StoreBatch } from '../../storage/store.ts'
import { type ClusterChange, decodeChange, encodeChange } from '../entry/change.ts'
import {
  checkFollows,
  decodeEntry,
  digestOf,
  encodeEntry,
  type EntryHeader,
  NO_ENTRY,
} from '../entry/entry.ts'
import type { LogEntry, ReplicatedLog } from '../log/contract.ts'
import { appendSettled } from '../log/settle.ts'
import { checkReplicable } from './check-replicable.ts'

/** Position of a node in its log: the last entry that it has applied. */
type Place = EntryHeader & { readonly digest: Uint8Array }

export interface GroupParts {
  readonly store: Store
  readonly log: ReplicatedLog
  /** Name of the node, and the URL under which the others reach it. */
  readonly node: { readonly node: string; readonly url: string }
  /** Ends attempts to append. */
  readonly signal: AbortSignal
}

/**
 * One group of databases on one node. Its leader appends each batch of changes to the log before it writes its own store;
 * its followers apply the entries in their order, and are byte-identical. The last entry applied is stored with what it
 * changed, so that a node goes on from there after a crash, whatever of its unsynced writes was lost.
 */
export class ReplicatedGroup {
  readonly #parts: GroupParts
  #place: Place
  /** The epoch that this node leads; 0 while it follows. */
  #leading = 0
  /** Appends, and entries that are applied, one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(parts: GroupParts, place: Place) {
    this.#parts = parts
    this.#place = place
  }

  /** Makes the log's first entry, once for a cluster. @throws where the log has one */
  static async create(log: ReplicatedLog, name: string): Promise<void> {
    const logId = randomBytes(16).toString('hex')
    const parts = [encodeChange({ kind: 'genesis', name, settings: [] })]
    const genesis = encodeEntry({ logId, epoch: 0, position: 1, previous: NO_ENTRY, parts })
    if ((await log.append(0, genesis)).kind !== 'appended') throw new Error('the log is not empty')
  }

  /** Opens the group from where the store stands in the log; an empty store begins behind the log's first entry. */
  static async open(parts: GroupParts): Promise<ReplicatedGroup> {
    const stored = await readLogPlace(parts.store)
    if (stored !== undefined) return new ReplicatedGroup(parts, placeOf(stored))
    const [first] = await parts.log.read(1)
    if (first === undefined) throw new Error('the log is empty: a cluster is made by a command, once')
    return new ReplicatedGroup(parts, { ...decodeEntry(first.bytes), digest: digestOf(first.bytes) })
  }

  get position(): number {
    return this.#place.position
  }

  get epoch(): number {
    return this.#place.epoch
  }

  get isLeader(): boolean {
    return this.#leading > 0
  }

  /**
   * Takes leadership by appending an entry of a new epoch at this node's own position: only a node that has applied
   * everything can.
   *
   * @returns false where others have appended meanwhile
   */
  lead(): Promise<boolean> {
    return this.#exclusively(async () => {
      const epoch = this.#place.epoch + 1
      if (!(await this.#append([{ kind: 'lead', ...this.#parts.node }], epoch, this.#parts.store.batch())))
        return false
      this.#leading = epoch
      return true
    })
  }

  /**
   * Makes changes durable in the log, then writes their batch: a hook of the catalog's databases.
   *
   * @throws `notLeader` where this node does not lead, or no longer: nothing was written then
   */
  replicate(changes: readonly ReplicatedChange[], batch: StoreBatch): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#leading === 0) throw fail('notLeader')
      for (const change of changes) checkReplicable(change)
      if (await this.#append(changes, this.#leading, batch)) return
      this.#leading = 0
      throw fail('notLeader')
    })
  }

  /**
   * Applies what the log has and what is known to be durable. A leader that finds an entry of another one follows it.
   *
   * @throws {EntryError} where the log is not the one that this node followed
   */
  async catchUp(catalog: Pick<Catalog, 'applyReplicated'>): Promise<void> {
    const { log } = this.#parts
    for (;;) {
      const entries = await log.read(this.#place.position + 1)
      const proven = Math.max(log.acknowledged, (entries.at(-1)?.position ?? 0) - 1)
      const durable = entries.filter(({ position }) => position <= proven)
      if (durable.length === 0) return
      for (const entry of durable) await this.#exclusively(() => this.#apply(entry, catalog))
    }
  }

  async #append(changes: readonly ClusterChange[], epoch: number, batch: StoreBatch): Promise<boolean> {
    const { log, signal } = this.#parts
    const { logId } = this.#place
    const entry = { logId, epoch, position: this.#place.position + 1, previous: this.#place.digest }
    const bytes = encodeEntry({ ...entry, parts: changes.map(encodeChange) })
    let place: Place = { ...entry, digest: digestOf(bytes) }
    const barrier = (): Uint8Array => {
      const next = { logId, epoch, position: place.position + 1, previous: place.digest }
      const empty = encodeEntry({ ...next, parts: [] })
      place = { ...next, digest: digestOf(empty) }
      return empty
    }
    const settled = await appendSettled(log, entry.position - 1, bytes, { barrier, signal })
    if (settled.kind === 'conflict') return false
    putLogPlace(batch, textOf(place))
    await batch.write()
    this.#place = place
    return true
  }

  async #apply({ position, bytes }: LogEntry, catalog: Pick<Catalog, 'applyReplicated'>): Promise<void> {
    // The leader's own entries were applied as they were made.
    if (position <= this.#place.position) return
    const entry = decodeEntry(bytes)
    checkFollows(entry, this.#place)
    this.#leading = 0
    const place = { ...entry, digest: digestOf(bytes) }
    const changes = entry.parts.map(decodeChange).filter(isOfDatabases)
    // An entry takes effect whole: the place is written with the last of its changes, and those before are put again.
    for (const [index, change] of changes.entries()) {
      const batch = this.#parts.store.batch()
      if (index === changes.length - 1) putLogPlace(batch, textOf(place))
      await catalog.applyReplicated(change, batch)
    }
    if (changes.length === 0) {
      const batch = this.#parts.store.batch()
      putLogPlace(batch, textOf(place))
      await batch.write()
    }
    this.#place = place
  }

  #exclusively<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action)
    this.#last = result.catch(() => undefined)
    return result
  }
}

function isOfDatabases(change: ClusterChange): change is ReplicatedChange {
  return change.kind === 'commit' || change.kind === 'create' || change.kind === 'drop'
}

function textOf({ logId, epoch, position, previous, digest }: Place): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  return JSON.stringify({ logId, epoch, position, previous: hex(previous), digest: hex(digest) })
}

function placeOf(text: string): Place {
  const place = JSON.parse(text) as Record<'logId' | 'previous' | 'digest', string> & EntryHeader
  return {
    ...place,
    previous: Buffer.from(place.previous as unknown as string, 'hex'),
    digest: Buffer.from(place.digest, 'hex'),
  }
}
