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

/** The file of a table. */
export function tableName(number: number): string {
  return `${String(number).padStart(6, '0')}.ldb`
}

/** Returns a sentence that names what a damaged table has. */
export function tableSentence(name: string, ranges: readonly LostKeys[]): string {
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
    const live = await readManifest(this.#directory)
    for (const [number, keys] of live?.tables ?? []) {
      const name = tableName(number)
      const lost = await lostKeysOf(join(this.#directory, name), keys, this.#pauses()).catch(
        (error: unknown) => {
          // Merged with others meanwhile.
          if (isMissingFile(error)) return []
          this.#end.signal.throwIfAborted()
          this.#log.warn(`The table ${name} cannot be read: ${messageOf(error)}`)
          return []
        },
      )
      if (lost.length === 0) continue
      const sentence = tableSentence(name, lost)
      if (this.#health.noteTable(name, sentence, lost)) this.#log.error(sentence)
    }
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
