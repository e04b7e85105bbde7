import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLogFile } from './log-file.ts'
import { readManifest } from './manifest.ts'
import { readBatch } from './write-batch.ts'

/** Summary of a store's logs: the writes that have not been moved to tables. */
export interface LogInspection {
  readonly batches: number
  /** Phrase that says where unreadable records are followed by others; LevelDB skips such records silently. */
  readonly damage: string | undefined
  /** True if the last log ends within a record, as a write that was cut off leaves it. */
  readonly isTorn: boolean
  /** Bytes of all logs. */
  readonly bytes: number
}

type Visit = (key: Uint8Array, value: Uint8Array | undefined) => void

/**
 * Reads the logs of the LevelDB in a directory without opening it, checks every checksum, and that entries are numbered
 * without a gap, from one record to the next and from one log to the next.
 *
 * @param visit called for each entry that a recovery would find, in their order
 */
export async function inspectLogs(directory: string, visit: Visit = () => {}): Promise<LogInspection> {
  const live = await readManifest(directory)
  const inspector = new LogInspector(visit)
  if (live === undefined) {
    // LevelDB takes the directory for an empty one, begins a new store in it, and removes the tables of the old one.
    if ((await dataFiles(directory)).length > 0) inspector.miss('CURRENT')
    return inspector.result
  }
  const numbers = (await logNumbers(directory)).filter(
    number => number >= live.first || number === live.previous,
  )
  if (live.first > 0 && !numbers.includes(live.first)) inspector.miss(nameOf(live.first))
  for (const number of numbers) {
    inspector.read(nameOf(number), await readFile(join(directory, nameOf(number))))
  }
  return inspector.result
}

/** The paths of all logs of a directory, live or not. */
export async function logPaths(directory: string): Promise<string[]> {
  return (await logNumbers(directory)).map(number => join(directory, nameOf(number)))
}

/** The paths of all logs and tables of a directory, live or not. */
export async function dataPaths(directory: string): Promise<string[]> {
  return (await dataFiles(directory)).map(name => join(directory, name))
}

async function dataFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter(name => /^\d+\.(?:log|ldb|sst)$/.test(name))
}

class LogInspector {
  readonly #visit: Visit
  #batches = 0
  #bytes = 0
  #damage: string | undefined
  /** Position of the first bytes that are no record, as long as nothing follows them. */
  #torn: string | undefined
  #next: number | undefined

  constructor(visit: Visit) {
    this.#visit = visit
  }

  get result(): LogInspection {
    return {
      batches: this.#batches,
      damage: this.#damage,
      isTorn: this.#torn !== undefined,
      bytes: this.#bytes,
    }
  }

  miss(name: string): void {
    this.#damage ??= `${name} is missing`
  }

  read(name: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length
    for (const item of readLogFile(bytes)) {
      if (item.kind === 'bad') this.#torn ??= `${name} cannot be read at byte ${item.offset}`
      else this.#readRecord(name, item.payload)
    }
  }

  #readRecord(name: string, record: Uint8Array): void {
    const batch = readBatch(record, this.#visit)
    this.#damage ??= this.#torn
    if (batch === undefined) {
      this.#damage ??= `${name} holds a record that is no batch`
      return
    }
    if (this.#next !== undefined && batch.sequence !== this.#next) {
      this.#damage ??= `${name} lacks records: entry ${batch.sequence} follows entry ${this.#next - 1}`
    }
    this.#next = batch.sequence + batch.count
    this.#batches += 1
  }
}

async function logNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names.flatMap(name => (/^\d+\.log$/.test(name) ? [parseInt(name, 10)] : [])).sort((a, b) => a - b)
}

function nameOf(number: number): string {
  return `${String(number).padStart(6, '0')}.log`
}
