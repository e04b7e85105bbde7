import type { Readable } from 'node:stream'
import { fail } from '../../../protocol/errors.ts'
import type { BackupCopies } from '../../backup/backup-copies.ts'
import type { Config } from '../../config/config.ts'
import { equalSettings } from '../group/equal-settings.ts'
import type { ReplicatedGroup } from '../group/group.ts'
import type { SnapshotHold, SnapshotOffer } from '../nodes/node-client.ts'

/** A copy that is being taken away, or was lately: the log is kept from its position on until its node reports itself. */
interface Held {
  readonly node: string
  readonly position: number
  /** By `performance.now()`. */
  readonly since: number
  /** By `performance.now()`. */
  until: number
}

export interface SnapshotsParts {
  readonly copies: BackupCopies
  readonly config: Config
  /** The group's state; undefined until the log was read. */
  readonly group: () => ReplicatedGroup | undefined
}

/** Copies of this node's data that other nodes take to begin with. One at a time. */
export class Snapshots {
  readonly #parts: SnapshotsParts
  readonly #held = new Map<string, Held>()
  /** Number of copies that were taken whole, and their bytes. */
  taken = 0
  bytes = 0

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
  }

  /** Copies for which the log is kept, until their nodes report themselves. */
  get holds(): readonly SnapshotHold[] {
    const now = performance.now()
    for (const [id, { until }] of this.#held) if (until < now) this.#held.delete(id)
    return [...this.#held.values()].map(({ node, position, since }) => ({
      node,
      position,
      ageMs: now - since,
    }))
  }

  /**
   * Makes a copy for a node; one that it did not take to its end is given up.
   *
   * @throws `noLeader` while this node has no place in the log; `backupRunning` while another node takes one;
   *   `memberRemoved` for a node that was removed
   */
  async begin(node: string): Promise<SnapshotOffer> {
    const { copies, config } = this.#parts
    const group = this.#parts.group()
    if (group === undefined) throw fail('noLeader')
    if (group.place.removed.includes(node)) throw fail('memberRemoved')
    for (const [id, held] of this.#held) if (held.node === node) await this.#giveUp(id)
    // What is copied later is the same or more.
    const held = { node, position: group.storedPosition, since: performance.now(), until: Infinity }
    this.#held.set(node, held)
    try {
      const { id, files } = await copies.begin()
      held.until = this.#untilNow()
      this.#held.set(id, held)
      const data = files.filter(({ path }) => isOfSnapshot(path))
      return { id, files: data.map(({ path, size }) => ({ path, size })), settings: equalSettings(config) }
    } finally {
      this.#held.delete(node)
    }
  }

  /** Reads a file of a copy. @throws `noBackup` */
  read(id: string, path: string): { readonly size: number; readonly content: Readable } {
    const held = this.#held.get(id)
    if (held !== undefined) held.until = this.#untilNow()
    const file = this.#parts.copies.read(id, path)
    this.bytes += file.size
    return file
  }

  /** Removes a copy that was taken whole. @throws `noBackup` */
  async end(id: string): Promise<void> {
    const held = this.#held.get(id)
    if (held !== undefined) held.until = this.#untilNow()
    await this.#parts.copies.end(id)
    this.taken += 1
  }

  async #giveUp(id: string): Promise<void> {
    this.#held.delete(id)
    // Its time may have ended.
    await this.#parts.copies.end(id).catch(() => undefined)
  }

  #untilNow(): number {
    return performance.now() + this.#parts.config.integer('cluster', 'snapshot_hold')
  }
}

/** Returns whether a path is one of the data: a node's own configuration is not copied. */
export function isOfSnapshot(path: string): boolean {
  return /^(?:store|attachments)\/[\w./-]+$/.test(path) && !path.split('/').includes('..')
}
