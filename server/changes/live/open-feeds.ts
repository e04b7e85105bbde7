import type { Database } from '../../database/database.ts'
import { Broadcast, type BroadcastParts } from './broadcast.ts'
import { TimerWheel } from './timer-wheel.ts'

/** The live feeds of a server: how many are open, and the timer that they share. */
export class OpenFeeds {
  readonly wheel = new TimerWheel()
  readonly #onFailure: (error: unknown) => void
  readonly #onWait: (database: Database) => void
  readonly #groups = new WeakMap<Database, Map<unknown, Broadcast>>()
  #count = 0

  /**
   * @param onFailure called with what ended a feed
   * @param onWait called with a database whose changes feeds begin to wait for
   */
  constructor(onFailure: (error: unknown) => void, onWait: (database: Database) => void = () => undefined) {
    this.#onFailure = onFailure
    this.#onWait = onWait
  }

  /** Number of feeds that are open now. */
  get count(): number {
    return this.#count
  }

  opened(): void {
    this.#count += 1
  }

  closed(): void {
    this.#count -= 1
  }

  /** The group of that key at the end of a database's changes; it is there while it has members. */
  group(key: unknown, parts: Omit<BroadcastParts, 'onEmpty'>): Broadcast {
    const { database } = parts
    const groups = this.#groups.get(database) ?? new Map<unknown, Broadcast>()
    this.#groups.set(database, groups)
    const known = groups.get(key)
    if (known !== undefined) return known
    const onEmpty = (): void => {
      groups.delete(key)
      database.tail.listeners.delete(group)
    }
    const group = new Broadcast({ ...parts, onEmpty })
    groups.set(key, group)
    database.tail.listeners.add(group)
    this.#onWait(database)
    return group
  }

  failed(error: unknown): void {
    this.#onFailure(error)
  }
}
