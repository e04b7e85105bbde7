import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Database } from '../../database/database.ts'
import { changePages, lastSeq } from '../../database/reading/change-pages.ts'
import { changesBehind } from '../pending.ts'
import type { TailListener } from '../../database/commit/changes-tail.ts'
import type { RowRenderer, RowOutput } from '../rows/row-renderer.ts'
import type { FeedStyle } from './feed-style.ts'
import { sharedChunk, type SharedChunk } from './shared-chunk.ts'

/** Rows that all subscribers of a broadcast are sent at once. */
export interface Batch {
  /** Undefined where all rows were filtered out. */
  readonly chunk: SharedChunk | undefined
  /** The rows with the end of the answer, for feeds that end with them. */
  readonly whole: Uint8Array | undefined
  readonly rows: number
  /** The sequence number of the last row looked at. */
  readonly last: number
  /** Up to here everything was looked at. */
  readonly upTo: number
}

/** A reader that stands at the end of the feed. */
export interface Subscriber {
  /** The sequence number up to which it was given everything. */
  readonly position: number
  take(batch: Batch): void
  /** Sends it back to the index: it stands elsewhere than the others. */
  fallBehind(): void
  /** The database is gone, or making the rows failed. */
  finish(error?: unknown): void
}

export interface BroadcastParts {
  readonly database: Database
  readonly renderer: RowRenderer
  readonly style: FeedStyle
  /** Returns the output that the rows of the next batch are written to. */
  readonly output: () => RowOutput
  /** Called when the last subscriber has left. */
  readonly onEmpty: () => void
}

/** Subscribers that are sent a batch in one turn of the event loop: about a millisecond. */
const SLICE = 128

/** Readers at the end of the feed that show the same rows: these are made once, and handed to each. */
export class Broadcast implements TailListener {
  readonly #parts: BroadcastParts
  readonly #subscribers = new Set<Subscriber>()
  #position: number
  #running = false

  constructor(parts: BroadcastParts) {
    this.#parts = parts
    this.#position = parts.database.tail.seq
  }

  /** Up to this sequence number its subscribers were served. */
  get position(): number {
    return this.#position
  }

  /** Takes in a reader that has been given everything up to the end of the feed. */
  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber)
  }

  delete(subscriber: Subscriber): void {
    if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) this.#parts.onEmpty()
  }

  /** There is something new. Whoever wrote it is answered first. */
  wake(): void {
    if (this.#running) return
    this.#running = true
    setImmediate(() => void this.#run())
  }

  /** Ends all subscribers. */
  close(error?: unknown): void {
    for (const subscriber of [...this.#subscribers]) subscriber.finish(error)
  }

  async #run(): Promise<void> {
    const { tail } = this.#parts.database
    try {
      while (this.#subscribers.size > 0 && this.#position < tail.seq && !tail.closed) {
        const batch = await this.#prepare()
        await this.#serve(batch)
        this.#position = batch.upTo
      }
    } catch (error) {
      this.close(error)
    } finally {
      this.#running = false
      tail.settle()
    }
  }

  async #prepare(): Promise<Batch> {
    const { renderer, style, output, database } = this.#parts
    const { records, upTo } = await this.#next()
    const out = output()
    const before = out.count
    const done = await renderer.render(records, out)
    const rows = out.count - before
    const last = done === 0 ? this.#position : lastSeq(records.slice(done - 1, done))
    const stopped = done < records.length ? last : upTo
    if (rows === 0) return { chunk: undefined, whole: undefined, rows, last, upTo: stopped }
    const chunk = sharedChunk(out.buffer.take())
    if (!style.endsWithRows) return { chunk, whole: undefined, rows, last, upTo: stopped }
    const pending = await changesBehind(database, last)
    const ending = style.ending(database.formatSeq(last), pending)
    const whole = ending === undefined ? chunk.rows : Buffer.concat([chunk.rows, ending])
    return { chunk, whole, rows, last, upTo: stopped }
  }

  /** The rows behind the group's position: as they were committed, or from the index where these are gone. */
  async #next(): Promise<{ records: readonly Uint8Array[]; upTo: number }> {
    const { database, renderer } = this.#parts
    const { pageSize } = renderer
    const upTo = database.tail.seq
    const recent = database.tail.recentAfter(this.#position)
    if (recent !== undefined) return cut(recent, pageSize, upTo)
    for await (const page of changePages(database, { after: this.#position, upTo, size: pageSize })) {
      return cut(page, pageSize, upTo)
    }
    return { records: [], upTo }
  }

  /** In slices, so that writes and other requests are not held up by ten thousand sockets. */
  async #serve(batch: Batch): Promise<void> {
    const from = this.#position
    let served = 0
    for (const subscriber of this.#subscribers) {
      if (subscriber.position >= batch.upTo) continue
      if (subscriber.position === from) subscriber.take(batch)
      else subscriber.fallBehind()
      served += 1
      if (served % SLICE === 0) await nextTurn()
    }
  }
}

function cut(
  records: readonly Uint8Array[],
  size: number,
  upTo: number,
): { records: readonly Uint8Array[]; upTo: number } {
  if (records.length < size) return { records, upTo }
  const page = records.slice(0, size)
  return { records: page, upTo: lastSeq(page) }
}
