import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeKey } from '../checksums/checked-keys.ts'
import { type LostKeys, lostKeysOf } from '../leveldb/table-file.ts'
import { readManifest } from '../leveldb/manifest.ts'
import { isMissingFile } from '../missing-file.ts'
import type { StoreLog } from '../durable/disk.ts'
import type { StoreHealth } from '../durable/store-health.ts'

/** Reading takes a quarter of the time at most: requests come first. */
const REST = 3
/** Time between two looks whether the next reading is due. */
const CHECK_MS = 10_000

/** A table that is not as it was written. */
interface DamagedTable {
  readonly name: string
  readonly lost: readonly LostKeys[]
  /** Names what may be missing, for people. */
  readonly sentence: string
}

interface TableReading {
  /** Returns what is called between two pieces of a table. Default: nothing. */
  readonly pauses?: () => () => Promise<void>
  /** Called for a table that cannot be read; by default its error is thrown. */
  readonly unreadable?: (name: string, error: unknown) => void
}

/** Reads all tables of a store in a directory, and gives those that are damaged. */
export async function* damagedTables(
  directory: string,
  { pauses, unreadable }: TableReading = {},
): AsyncGenerator<DamagedTable, void, undefined> {
  const live = await readManifest(directory)
  for (const [number, keys] of live?.tables ?? []) {
    const name = tableName(number)
    const lost = await lostKeysOf(join(directory, name), keys, pauses?.()).catch((error: unknown) => {
      if (unreadable === undefined) throw error
      unreadable(name, error)
      return []
    })
    if (lost.length > 0) yield { name, lost, sentence: tableSentence(name, lost) }
  }
}

/** The file of a table. */
function tableName(number: number): string {
  return `${String(number).padStart(6, '0')}.ldb`
}

/** Returns a sentence that names what a damaged table has. */
function tableSentence(name: string, ranges: readonly LostKeys[]): string {
  const [first] = ranges
  const from = first?.above ?? first?.from
  const keys =
    from === undefined || first === undefined ? '' : ` from ${phrase(from)} to ${phrase(first.upTo)}`
  const more = ranges.length > 1 ? ` and ${ranges.length - 1} more ranges` : ''
  return `The table ${name} was changed on disk, or is damaged: records${keys}${more} may be missing.`
}

/** Describes a key within a sentence. */
function phrase(key: Uint8Array): string {
  return key.length === 0 ? 'the first' : describeKey(key).replace(/^The /, 'the ')
}

/**
 * Verifies the tables of a store at its start and from time to time: LevelDB can pass over records of a changed block without an error.
 * From then on reads of what such a block may have are errors.
 */
export class TableWatch {
  readonly #directory: string
  readonly #health: StoreHealth
  readonly #log: StoreLog
  readonly #intervalMs: () => number
  readonly #end = new AbortController()
  #running: Promise<void> | undefined

  /** @param intervalMs between two readings; 0 for none */
  constructor(directory: string, health: StoreHealth, log: StoreLog, intervalMs: () => number) {
    this.#directory = directory
    this.#health = health
    this.#log = log
    this.#intervalMs = intervalMs
  }

  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => {
      if (!this.#end.signal.aborted) this.#log.error(`Tables are verified no longer: ${messageOf(error)}`)
    })
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#end.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    for (let readAt = -Infinity; !signal.aborted;) {
      const interval = this.#intervalMs()
      if (interval > 0 && performance.now() - readAt >= interval) {
        readAt = performance.now()
        await this.verify()
      }
      await sleep(CHECK_MS, undefined, { signal, ref: false })
    }
  }

  /** Reads all tables once. */
  async verify(): Promise<void> {
    const unreadable = (name: string, error: unknown): void => {
      this.#end.signal.throwIfAborted()
      // A table that is missing was merged with others meanwhile.
      if (!isMissingFile(error)) this.#log.warn(`The table ${name} cannot be read: ${messageOf(error)}`)
    }
    for await (const { name, lost, sentence } of damagedTables(this.#directory, {
      pauses: () => this.#pauses(),
      unreadable,
    }))
      if (this.#health.noteTable(name, sentence, lost)) this.#log.error(sentence)
  }

  /** Returns a pause that is longer than what went before it. */
  #pauses(): () => Promise<void> {
    const { signal } = this.#end
    let from = performance.now()
    return async () => {
      await sleep(REST * (performance.now() - from), undefined, { signal })
      from = performance.now()
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
