import type { LostKeys } from '../leveldb/table-file.ts'
import { LostRanges } from './lost-ranges.ts'

/**
 * States of a store on disk:
 * - `healthy`: reads and writes are served;
 * - `failed`: a write failed, and nothing is written until the store was opened again; reads go on;
 * - `reopening`: the store is closed for a moment; reads wait;
 * - `stopped`: opening it again would lose, or has lost, acknowledged writes: reads go on, writes need a person.
 */
export type StoreState = 'healthy' | 'failed' | 'reopening' | 'stopped'

/** Transitions between the states of a store. */
const TRANSITIONS: Readonly<Record<StoreState, readonly StoreState[]>> = {
  healthy: ['failed', 'stopped'],
  failed: ['reopening', 'stopped'],
  reopening: ['healthy', 'stopped'],
  stopped: [],
}

/** Tells whether a store takes writes, and why not. */
export class StoreHealth {
  #state: StoreState = 'healthy'
  #reason: string | undefined
  #isDiskFull = false
  #damagedReads = 0
  readonly #missingAtStart: string[] = []
  readonly #damagedTables = new Map<string, string>()
  /** Keys of records that damaged tables may lack. */
  readonly lost = new LostRanges()
  /** Called and waited for before the store is closed to be opened again. */
  onClosing: (() => Promise<void>) | undefined
  readonly #onReopened = new Set<() => void | Promise<void>>()
  #readable: { promise: Promise<void>; resolve: () => void } | undefined

  get state(): StoreState {
    return this.#state
  }

  /** Why writes are refused, as a sentence; undefined while they are taken. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** True if the last write failed because the disk was full or a quota was reached. */
  get isDiskFull(): boolean {
    return this.#isDiskFull
  }

  /** Reads since the start that found a record, or a table, changed on disk. */
  get damagedReads(): number {
    return this.#damagedReads
  }

  /** Counts such a read. */
  noteDamage(): void {
    this.#damagedReads++
  }

  /** Sentences on tables whose blocks were found changed on disk. */
  get damagedTables(): readonly string[] {
    return [...this.#damagedTables.values()]
  }

  /** Adds one, with the keys that its blocks have. @returns false where the table is known to be damaged */
  noteTable(name: string, sentence: string, keys: readonly LostKeys[]): boolean {
    if (this.#damagedTables.has(name)) return false
    this.#damagedTables.set(name, sentence)
    this.lost.add(keys)
    return true
  }

  /** Sentences on acknowledged writes that the start found missing, and went on without. */
  get missingAtStart(): readonly string[] {
    return this.#missingAtStart
  }

  /** Adds such a sentence. */
  noteMissing(sentence: string): void {
    this.#missingAtStart.push(sentence)
  }

  /** Resolves when reads are served, or so many milliseconds went by. */
  async whenReadable(maxMs: number): Promise<void> {
    if (this.#readable === undefined) return
    let timer: NodeJS.Timeout | undefined
    const elapsed = new Promise<void>(resolve => (timer = setTimeout(resolve, maxMs)))
    await Promise.race([this.#readable.promise, elapsed])
    clearTimeout(timer)
  }

  /** Ends all waits, as the store is closed for good. */
  close(): void {
    this.#resumeReads()
  }

  /**
   * Calls a listener whenever the store was opened again and takes writes.
   *
   * @returns a function that removes the listener
   */
  onReopened(listener: () => void | Promise<void>): () => void {
    this.#onReopened.add(listener)
    return () => this.#onReopened.delete(listener)
  }

  /** Calls the listeners, one after the other. */
  async announceReopened(): Promise<void> {
    for (const listener of [...this.#onReopened]) await listener()
  }

  /** @throws {Error} for a transition that there is not */
  change(state: StoreState, reason?: string, isDiskFull = this.#isDiskFull): void {
    if (!TRANSITIONS[this.#state].includes(state)) {
      throw new Error(`a store cannot become ${state} that is ${this.#state}`)
    }
    this.#state = state
    this.#reason = state === 'healthy' ? undefined : (reason ?? this.#reason)
    this.#isDiskFull = state === 'healthy' ? false : isDiskFull
    if (state === 'reopening') this.#readable ??= deferred()
    else this.#resumeReads()
  }

  /** Notes why opening it again does not succeed yet. */
  explain(reason: string, isDiskFull: boolean): void {
    this.#reason = reason
    this.#isDiskFull = isDiskFull
  }

  #resumeReads(): void {
    this.#readable?.resolve()
    this.#readable = undefined
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>(done => (resolve = done))
  return { promise, resolve }
}
