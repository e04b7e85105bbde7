import type { TailListener } from '../../database/commit/changes-tail.ts'
import { changesBehind } from '../pending.ts'
import type { Connection } from './connection.ts'
import type { LiveFeedParts } from './live-feed.ts'
import { sharedChunk } from './shared-chunk.ts'
import type { TimerEntry } from './timer-wheel.ts'

/**
 * A longpoll that asks for no rows (`limit=0`). No change ends it, as in CouchDB, so that clients that ask again at once
 * do not do so without a pause: it waits for its timeout, or beats until the reader goes
 * (fabric_view_changes:keep_sending_changes/8).
 */
export class EmptyLongpoll implements TimerEntry, TailListener {
  dueAt = 0
  readonly position = Infinity
  readonly #parts: Omit<LiveFeedParts, 'renderer'>
  #connection: Connection | undefined

  constructor(parts: Omit<LiveFeedParts, 'renderer'>) {
    this.#parts = parts
  }

  start(connect: (onGone: () => void) => Connection): void {
    const { style, feeds, database } = this.#parts
    this.#connection = connect(() => this.#release())
    feeds.opened()
    this.dueAt = feeds.wheel.now + this.#intervalMs
    feeds.wheel.add(this)
    if (style.opening !== undefined) this.#connection.send(sharedChunk(style.opening))
    if (style.idle !== undefined) this.#connection.send(style.idle)
    database.tail.listeners.add(this)
    if (database.tail.closed) void this.#end()
  }

  onDue(): void {
    const { request, style, feeds } = this.#parts
    if (request.heartbeatMs === undefined) void this.#end()
    else if (this.#connection?.keepsUp === true) this.#connection.send(style.heartbeat)
    this.dueAt = feeds.wheel.next(this.dueAt, this.#intervalMs)
  }

  /** Changes do not concern it, and are not kept for it. */
  wake(): void {
    this.#parts.database.tail.settle()
  }

  close(): void {
    void this.#end()
  }

  get #intervalMs(): number {
    const { request } = this.#parts
    return request.heartbeatMs ?? request.timeoutMs
  }

  async #end(): Promise<void> {
    const { database, request, style } = this.#parts
    const pending = database.tail.closed ? 0 : await changesBehind(database, request.start)
    this.#connection?.end(style.ending(database.formatSeq(request.start), pending))
    this.#release()
  }

  /** Idempotent. */
  #release(): void {
    if (this.#connection === undefined) return
    this.#connection = undefined
    const { database, feeds } = this.#parts
    database.tail.listeners.delete(this)
    feeds.wheel.remove(this)
    feeds.closed()
  }
}
