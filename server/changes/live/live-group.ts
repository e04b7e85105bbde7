import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Database } from '../../database/database.ts'
import { changePages, lastSeq } from '../../database/reading/change-pages.ts'
import { changesBehind } from '../pending.ts'
import type { TailListener } from '../../database/changes-tail.ts'
import type { Rendition, RowOutput } from '../rows/rendition.ts'
import type { FeedStyle } from './feed-style.ts'
import { sharedChunk, type SharedChunk } from './shared-chunk.ts'

/** What the members of a group are given at once. */
export interface Delivery {
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
export interface Member {
  /** The sequence number up to which it was given everything. */
  readonly position: number
  take(delivery: Delivery): void
  /** Sends it back to the index: it stands elsewhere than the others. */
  fallBehind(): void
  /** The database is gone, or making the rows failed. */
  finish(error?: unknown): void
}

export interface GroupParts {
  readonly database: Database
  readonly rendition: Rendition
  readonly style: FeedStyle
  /** Where the rows of the next delivery go. */
  readonly output: () => RowOutput
  /** Called when the last member has left. */
  readonly onEmpty: () => void
}

/** So many readers are served before others get a turn: about a millisecond. */
const SLICE = 128

/** Readers at the end of the feed that show the same rows: these are made once, and handed to each. */
export class LiveGroup implements TailListener {
  readonly #parts: GroupParts
  readonly #members = new Set<Member>()
  #position: number
  #running = false

  constructor(parts: GroupParts) {
    this.#parts = parts
    this.#position = parts.database.tail.seq
  }

  /** Up to this sequence number its members were served. */
  get position(): number {
    return this.#position
  }

  /** Takes in a reader that has been given everything up to the end of the feed. */
  add(member: Member): void {
    this.#members.add(member)
  }

  delete(member: Member): void {
    if (this.#members.delete(member) && this.#members.size === 0) this.#parts.onEmpty()
  }

  /** There is something new. Whoever wrote it is answered first. */
  wake(): void {
    if (this.#running) return
    this.#running = true
    setImmediate(() => void this.#run())
  }

  /** Ends all members. */
  close(error?: unknown): void {
    for (const member of [...this.#members]) member.finish(error)
  }

  async #run(): Promise<void> {
    const { tail } = this.#parts.database
    try {
      while (this.#members.size > 0 && this.#position < tail.seq && !tail.closed) {
        const delivery = await this.#prepare()
        await this.#serve(delivery)
        this.#position = delivery.upTo
      }
    } catch (error) {
      this.close(error)
    } finally {
      this.#running = false
      tail.settle()
    }
  }

  async #prepare(): Promise<Delivery> {
    const { rendition, style, output, database } = this.#parts
    const { records, upTo } = await this.#next()
    const out = output()
    const before = out.count
    const done = await rendition.render(records, out)
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
    const { database, rendition } = this.#parts
    const { pageSize } = rendition
    const upTo = database.tail.seq
    const recent = database.tail.recentAfter(this.#position)
    if (recent !== undefined) return cut(recent, pageSize, upTo)
    for await (const page of changePages(database, { after: this.#position, upTo, size: pageSize })) {
      return cut(page, pageSize, upTo)
    }
    return { records: [], upTo }
  }

  /** In slices, so that writes and other requests are not held up by ten thousand sockets. */
  async #serve(delivery: Delivery): Promise<void> {
    const from = this.#position
    let served = 0
    for (const member of this.#members) {
      if (member.position >= delivery.upTo) continue
      if (member.position === from) member.take(delivery)
      else member.fallBehind()
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
