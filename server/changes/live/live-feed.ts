import type { Database } from '../../database/database.ts'
import type { FeedRequest } from '../feed-request.ts'
import { backfill, NOWHERE, type FeedEnd } from '../backfill.ts'
import { changesBehind } from '../pending.ts'
import { isResumable } from '../resumable.ts'
import type { RowRenderer, RowOutput } from '../rows/row-renderer.ts'
import type { ReadPace } from '../../database/reading/read-pace.ts'
import type { UnfilledJson } from '../../database/documents/unfilled-json.ts'
import { RowBuffer } from '../../database/reading/row-buffer.ts'
import type { Connection } from './connection.ts'
import { mayFollow, type FeedPhase } from './feed-phase.ts'
import type { FeedStyle } from './feed-style.ts'
import type { Batch, Subscriber } from './broadcast.ts'
import type { OpenFeeds } from './open-feeds.ts'
import { sendFilled } from './send-filled.ts'
import { sharedChunk } from './shared-chunk.ts'
import type { TimerEntry } from './timer-wheel.ts'

export interface LiveFeedParts {
  readonly database: Database
  readonly request: FeedRequest
  readonly renderer: RowRenderer
  readonly style: FeedStyle
  readonly feeds: OpenFeeds
  readonly pace: ReadPace
  /** Has each chunk made in a turn of its own, while there is room for it. */
  readonly paced: (rows: Rows) => Rows
}

type Rows = AsyncGenerator<Uint8Array | UnfilledJson, FeedEnd, undefined>

/**
 * One reader of a live feed: it reads the index up to the end (backfill), joins the readers that stand there (cutover:
 * both in the same turn, so that nothing comes in between), and is handed the rows of each commit (live). When it does
 * not keep up it goes back to the index from where it stands.
 */
export class LiveFeed implements Subscriber, TimerEntry {
  position: number
  dueAt = 0
  readonly #parts: LiveFeedParts
  readonly #out: RowOutput
  #phase: FeedPhase = { name: 'new' }
  /** Number of the answer's `last_seq`. */
  #last: number
  #isIdleSent = false
  /** The answer's `pending`, known once the index has been read. */
  #pending: number | undefined

  constructor(parts: LiveFeedParts) {
    const { request, style } = parts
    this.#parts = parts
    this.#out = {
      buffer: new RowBuffer(),
      framing: style.framing,
      count: 0,
      left: request.limit,
      position: 0,
    }
    this.position = this.#last = request.start
  }

  /**
   * Begins the answer and returns; what follows goes on by itself. Where making rows can fail, the first are made
   * before anything is sent.
   *
   * @throws what the filter throws
   */
  async start(connect: (onGone: () => void) => Connection): Promise<void> {
    const { renderer, request, style, feeds } = this.#parts
    const rows = this.#read(request)
    const first = renderer.mayFail ? await rows.next() : undefined
    const connection = connect(() => this.#release())
    this.#enter({ name: 'backfill', connection })
    feeds.opened()
    this.#touch()
    feeds.wheel.add(this)
    if (style.opening !== undefined) connection.send(sharedChunk(style.opening))
    void this.#follow(rows, first)
  }

  take(batch: Batch): void {
    const connection = this.#connection
    const { left } = this.#out
    if (this.#hasData && batch.chunk !== undefined) {
      // Data is not made for all readers at once: each reads it from the store as fast as it takes it.
      if (this.#parts.renderer.key === undefined) this.#uncount(batch.rows)
      this.fallBehind()
      return
    }
    if (left >= 0 && batch.rows > left && this.#parts.renderer.key !== undefined) {
      this.fallBehind()
      return
    }
    this.position = batch.upTo
    this.#last = batch.last
    this.#pending = undefined
    if (connection === undefined || batch.chunk === undefined) return
    if (batch.whole !== undefined) {
      connection.end(batch.whole)
      this.#release()
      return
    }
    connection.send(batch.chunk)
    this.#count(batch.rows)
    this.#touch()
    if (this.#out.left === 0) void this.#end()
    else if (!connection.keepsUp) this.fallBehind()
  }

  fallBehind(): void {
    this.#leave()
    void this.#follow()
  }

  finish(error?: unknown): void {
    if (error === undefined) void this.#end()
    else this.#fail(error)
  }

  /** Sends a heartbeat, or ends a live feed at its timeout. As in CouchDB, `timeout` is ignored where there is a `heartbeat`. */
  onDue(): void {
    const { request, style, feeds } = this.#parts
    if (request.heartbeatMs !== undefined) {
      // A reader that takes nothing gets no heartbeats on top.
      if (this.#connection?.keepsUp === true) this.#connection.beat(style.heartbeat)
    } else if (this.#phase.name === 'live') void this.#end()
    this.dueAt = feeds.wheel.next(this.dueAt, request.heartbeatMs ?? request.timeoutMs)
  }

  /** Reads the index up to its end, as often as there is more by then, and joins the others there. */
  async #follow(rows?: Rows, first?: IteratorResult<Uint8Array | UnfilledJson, FeedEnd>): Promise<void> {
    const { tail } = this.#parts.database
    try {
      let stopped = rows === undefined ? undefined : await this.#send(rows, first)
      while (this.#isOpen) {
        if (stopped !== undefined && this.#isEnough) return this.#endAt(stopped)
        const connection = this.#connection
        if (connection === undefined) return
        if (this.#phase.name === 'backfill') this.#enter({ name: 'cutover', connection })
        await connection.drained()
        if (tail.closed) return await this.#end()
        if (this.position >= tail.seq) return this.#isEnough ? await this.#end() : this.#join(connection)
        if (this.#phase.name === 'ended') return
        this.#enter({ name: 'backfill', connection })
        stopped = await this.#send(this.#more())
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #more(): Rows {
    const { rows } = this.#parts.request
    return this.#read({ start: this.position, descending: false, rows })
  }

  #read(request: Pick<FeedRequest, 'start' | 'descending' | 'rows'>): Rows {
    const { database, renderer, pace, paced } = this.#parts
    return paced(backfill(database, { ...request, pace }, renderer, this.#out))
  }

  /** Sends rows as fast as the reader takes them. */
  async #send(
    rows: Rows,
    first?: IteratorResult<Uint8Array | UnfilledJson, FeedEnd>,
  ): Promise<FeedEnd | undefined> {
    try {
      for (let next = first ?? (await rows.next()); ; next = await rows.next()) {
        const rows = next.done === true ? this.#out.buffer.takeUnfilled() : next.value
        const connection = this.#connection
        if (connection === undefined || connection.ended) return undefined
        if (rows.length > 0) {
          if (rows instanceof Uint8Array) connection.send(sharedChunk(rows))
          else await sendFilled(connection, rows, this.#parts.database.attachments)
          this.#touch()
        } else if (next.done !== true) await connection.room()
        if (next.done === true) {
          this.position = next.value.position
          this.#last = next.value.last
          this.#pending = next.value.pending
          return next.value
        }
        if (connection.keepsUp) continue
        if (isResumable(this.#parts.request)) {
          // What was read ahead is not kept for a reader that does not take it.
          this.position = this.#last = this.#out.position
          return undefined
        }
        await connection.drained()
      }
    } finally {
      await rows.return(NOWHERE)
    }
  }

  /** Takes back what a group of its own has counted, as the rows are made again. */
  #uncount(rows: number): void {
    this.#out.count -= rows
    this.#out.left += rows
  }

  get #hasData(): boolean {
    return this.#parts.request.rows.attachments
  }

  /** True if the rows found so far complete the answer. */
  get #isEnough(): boolean {
    const { request, style } = this.#parts
    const { left, count } = this.#out
    return left === 0 || (style.endsWithRows ? count > 0 : request.limit < 0)
  }

  #join(connection: Connection): void {
    if (this.#phase.name !== 'cutover') return
    const { database, renderer, style, feeds } = this.#parts
    this.#sendIdle()
    // A feed whose rows depend on how many it gave is a group of its own.
    const isAlone = renderer.key === undefined
    const output = isAlone
      ? () => this.#out
      : () => ({ buffer: new RowBuffer(), framing: style.framing, count: 0, left: -1, position: 0 })
    const key = isAlone ? this : `${style.framing.name} ${renderer.key}`
    const broadcast = feeds.group(key, { database, renderer, style, output })
    this.#enter({ name: 'live', connection, broadcast })
    broadcast.add(this)
  }

  /** A reader that is given no rows at first is told at once that it waits. */
  #sendIdle(): void {
    const { idle } = this.#parts.style
    if (idle !== undefined && this.#out.count === 0 && !this.#isIdleSent) this.#connection?.send(idle)
    this.#isIdleSent = true
  }

  #leave(): void {
    if (this.#phase.name !== 'live') return
    const { connection, broadcast } = this.#phase
    this.#enter({ name: 'cutover', connection })
    broadcast.delete(this)
  }

  #count(rows: number): void {
    // A group of its own has counted already.
    if (this.#parts.renderer.key === undefined) return
    this.#out.count += rows
    this.#out.left -= rows
  }

  #touch(): void {
    const { request, feeds } = this.#parts
    this.dueAt = feeds.wheel.now + (request.heartbeatMs ?? request.timeoutMs)
  }

  get #connection(): Connection | undefined {
    return 'connection' in this.#phase ? this.#phase.connection : undefined
  }

  get #isOpen(): boolean {
    return this.#connection?.ended === false
  }

  #enter(phase: FeedPhase): void {
    const { name } = this.#phase
    if (!mayFollow(phase.name, name)) throw new Error(`a live feed went from ${name} to ${phase.name}`)
    this.#phase = phase
  }

  async #end(): Promise<void> {
    this.#leave()
    const { database } = this.#parts
    const pending = this.#pending ?? (database.tail.closed ? 0 : await changesBehind(database, this.#last))
    this.#endAt({ last: this.#last, pending })
  }

  #endAt({ last, pending }: Pick<FeedEnd, 'last' | 'pending'>): void {
    const { style, database } = this.#parts
    this.#connection?.end(style.ending(database.formatSeq(last), pending))
    this.#release()
  }

  #fail(error: unknown): void {
    if (!this.#isOpen) return
    const { style, feeds } = this.#parts
    feeds.failed(error)
    // In the middle of a row a line that tells of it would be taken for the row's.
    const told = this.#connection?.isInRow === true ? undefined : style.failure(error)
    if (told === undefined) this.#connection?.abort()
    else this.#connection?.end(told)
    this.#release()
  }

  /** Frees everything, whoever ended it. Idempotent. */
  #release(): void {
    if (this.#connection === undefined) return
    this.#leave()
    this.#enter({ name: 'ended' })
    this.#parts.feeds.wheel.remove(this)
    this.#parts.feeds.closed()
  }
}
