import type { AbstractLevel } from 'abstract-level'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import {
  type Appended,
  type LogEntry,
  LogSetBackError,
  LogTrimmedError,
  type ReplicatedLog,
} from './contract.ts'
import { Wakeup } from './wakeup.ts'

type Entries = AbstractLevel<string | Buffer | Uint8Array, Uint8Array, Uint8Array>

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const
const READ_ENTRIES = 100
const MAX_ENTRY_BYTES = 1024 * 1024

/** LevelDB's own option. */
const SYNCED = { sync: true } as object

/** A log in a LevelDB that its clients share within one process: for tests, and a model of what an engine must do. */
export class LevelLogEngine {
  readonly #entries: Entries
  #last: number
  #appending: Promise<unknown> = Promise.resolve()
  readonly #clients = new Set<Wakeup>()

  private constructor(entries: Entries, last: number) {
    this.#entries = entries
    this.#last = last
  }

  /** @param directory undefined for a log in memory */
  static async open(directory?: string): Promise<LevelLogEngine> {
    const entries: Entries =
      directory === undefined
        ? new MemoryLevel<Uint8Array, Uint8Array>(ENCODINGS)
        : new Level<Uint8Array, Uint8Array>(directory, ENCODINGS)
    await entries.open()
    const [last] = await entries.keys({ reverse: true, limit: 1 }).all()
    return new LevelLogEngine(entries, last === undefined ? 0 : positionOf(last))
  }

  get last(): number {
    return this.#last
  }

  /** @param maxEntryBytes smaller than a real engine's, where a test wants entries of several parts */
  connect(maxEntryBytes: number = MAX_ENTRY_BYTES): ReplicatedLog {
    return new LevelLog(this, maxEntryBytes)
  }

  append(expected: number, bytes: Uint8Array): Promise<Appended> {
    const appended = this.#appending.then(async (): Promise<Appended> => {
      if (expected !== this.#last) return { kind: 'conflict' }
      await this.#entries.batch([{ type: 'put', key: keyOf(expected + 1), value: bytes }], SYNCED)
      this.#last = expected + 1
      for (const client of this.#clients) client.wake()
      return { kind: 'appended', position: this.#last }
    })
    this.#appending = appended.catch(() => undefined)
    return appended.catch((cause: Error) => ({ kind: 'unknown', cause }))
  }

  async read(from: number): Promise<LogEntry[]> {
    const found = await this.#entries.iterator({ gte: keyOf(from), limit: READ_ENTRIES }).all()
    const entries = found.map(([key, bytes]) => ({ position: positionOf(key), bytes }))
    const first = entries[0]
    if (first === undefined && from > this.#last + 1) throw new LogSetBackError(this.#last, from - 1)
    if (first !== undefined && first.position !== from)
      throw new LogTrimmedError(`position ${from} was trimmed`)
    return entries
  }

  async first(): Promise<LogEntry | undefined> {
    const [found] = await this.#entries.iterator({ limit: 1 }).all()
    return found && { position: positionOf(found[0]), bytes: found[1] }
  }

  async trim(below: number): Promise<void> {
    await this.#entries.clear({ lt: keyOf(Math.min(below, this.#last)) })
  }

  listen(client: Wakeup): void {
    this.#clients.add(client)
  }

  unlisten(client: Wakeup): void {
    this.#clients.delete(client)
  }

  async close(): Promise<void> {
    await this.#entries.close()
  }
}

/** One client of an engine in this process. */
class LevelLog implements ReplicatedLog {
  readonly #engine: LevelLogEngine
  readonly #wakeup = new Wakeup()
  readonly maxEntryBytes: number

  constructor(engine: LevelLogEngine, maxEntryBytes: number) {
    this.#engine = engine
    this.maxEntryBytes = maxEntryBytes
    engine.listen(this.#wakeup)
  }

  get acknowledged(): number {
    return this.#engine.last
  }

  append(expected: number, bytes: Uint8Array): Promise<Appended> {
    return this.#engine.append(expected, bytes)
  }

  read(from: number): Promise<LogEntry[]> {
    return this.#engine.read(from)
  }

  first(): Promise<LogEntry | undefined> {
    return this.#engine.first()
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#wakeup.wait(signal)
  }

  trim(below: number): Promise<void> {
    return this.#engine.trim(below)
  }

  close(): Promise<void> {
    this.#engine.unlisten(this.#wakeup)
    return Promise.resolve()
  }
}

function keyOf(position: number): Buffer {
  const key = Buffer.alloc(6)
  key.writeUIntBE(position, 0, 6)
  return key
}

function positionOf(key: Uint8Array): number {
  return Buffer.from(key).readUIntBE(0, 6)
}
