import { copyFile, link, mkdir, open, readFile, rm, statfs, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Store } from '../contract.ts'
import { copyLevelFiles } from '../leveldb/copy-files.ts'
import { dataPaths, inspectLogs, type LogInspection, logPaths } from '../leveldb/inspect-logs.ts'
import { AcknowledgedFile, type LastRun } from './acknowledged-file.ts'
import type { Disk, Evidence, LogState } from './disk.ts'
import { StoreLevel } from '../store-level.ts'
import { decodeMark, MARK } from './mark.ts'

/** Room beside that for the tables that opening makes of the logs: a manifest, a new log. */
const SPARE_BYTES = 1024 * 1024

const PROBE_BYTES = 64 * 1024

const ACKNOWLEDGED = 'ACKNOWLEDGED'

/** Larger than LevelDB's defaults: fewer, longer merges under bulk loads. */
export const LEVEL_OPTIONS = {
  writeBufferSize: 32 * 1024 * 1024,
  cacheSize: 64 * 1024 * 1024,
  maxFileSize: 8 * 1024 * 1024,
}

/** LevelDB's own defaults, and less: what a load leaves in them stays in memory. */
const SMALL_LEVEL_OPTIONS = { writeBufferSize: 2 * 1024 * 1024, cacheSize: 4 * 1024 * 1024 }

export interface LevelDiskOptions {
  /** True if other threads of the process open it, too. */
  readonly isShared?: boolean | undefined
  /** True if memory is dearer than speed. */
  readonly isSmall?: boolean | undefined
}

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** A LevelDB in a directory, with the file beside it that says what was acknowledged. */
export class LevelDisk implements Disk {
  readonly place: string
  #acknowledged: AcknowledgedFile | undefined

  readonly #options: LevelDiskOptions

  constructor(directory: string, options: LevelDiskOptions = {}) {
    this.place = directory
    this.#options = options
  }

  async open(): Promise<Store> {
    const level = new StoreLevel(this.place, {
      ...ENCODINGS,
      ...LEVEL_OPTIONS,
      ...(this.#options.isSmall === true ? SMALL_LEVEL_OPTIONS : {}),
    })
    await level.open({ multithreading: this.#options.isShared === true })
    return level
  }

  async inspect(
    visit: (key: Uint8Array) => void = () => {},
  ): Promise<LogState & Pick<LogInspection, 'isTorn'>> {
    let mark: number | undefined
    const inspection = await inspectLogs(this.place, (key, value) => {
      if (value !== undefined && MARK.equals(key)) mark = decodeMark(value)
      visit(key)
    })
    return { damage: inspection.damage, mark, isTorn: inspection.isTorn }
  }

  async probe(): Promise<void> {
    const { bytes } = await inspectLogs(this.place)
    const { bavail, bsize } = await statfs(this.place)
    if (bavail * bsize < bytes + SPARE_BYTES)
      throw new Error('ENOSPC: no room for tables of what the logs hold')
    const path = join(this.place, 'PROBE')
    const file = await open(path, 'w', 0o600)
    try {
      await file.writeFile(Buffer.alloc(PROBE_BYTES, 1))
      await file.datasync()
    } finally {
      await file.close()
      await unlink(path)
    }
  }

  /**
   * Gives each log a second name, which costs no room and outlasts the removal of the first.
   *
   * @param withTables tables too: where it is not certain which of them LevelDB still knows
   */
  async keepEvidence(withTables = false): Promise<Evidence> {
    const path = join(
      dirname(this.place),
      `${basename(this.place)}-logs-${new Date().toISOString().replaceAll(':', '')}`,
    )
    await mkdir(path, { mode: 0o700 })
    for (const log of await (withTables ? dataPaths : logPaths)(this.place)) {
      const copy = join(path, basename(log))
      await link(log, copy).catch(() => copyFile(log, copy))
    }
    return { path, remove: () => rm(path, { recursive: true, force: true }) }
  }

  async copyTo(directory: string, mark: number): Promise<void> {
    await copyLevelFiles(this.place, directory)
    const witness = await AcknowledgedFile.open(join(directory, ACKNOWLEDGED), mark)
    await witness.close()
  }

  acknowledge(mark: number): void {
    this.#acknowledged?.acknowledge(mark)
  }

  async endRun(mark?: number): Promise<void> {
    await this.#acknowledged?.close(mark)
    this.#acknowledged = undefined
  }

  /** Reads the end of the run before; undefined if there was none or its record is unreadable. */
  lastRun(): LastRun | undefined {
    return AcknowledgedFile.read(this.#acknowledgedPath)
  }

  /** The numbers of databases that no start has looked at since an end without a close. */
  async unchecked(): Promise<readonly number[]> {
    const text = await readFile(this.#uncheckedPath, 'latin1').catch(() => '')
    return text.split('\n').flatMap(line => (/^\d+$/.test(line) ? [Number(line)] : []))
  }

  async noteUnchecked(databases: readonly number[]): Promise<void> {
    if (databases.length === 0) return rm(this.#uncheckedPath, { force: true })
    await writeFile(this.#uncheckedPath, databases.join('\n') + '\n', { mode: 0o600, flush: true })
  }

  /** Begins to note what is acknowledged. */
  async beginRun(mark: number): Promise<void> {
    this.#acknowledged = await AcknowledgedFile.open(this.#acknowledgedPath, mark)
  }

  get #uncheckedPath(): string {
    return join(this.place, 'UNCHECKED')
  }

  get #acknowledgedPath(): string {
    return join(this.place, ACKNOWLEDGED)
  }
}
