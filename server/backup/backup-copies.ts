import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { Readable } from 'node:stream'
import { Turns } from '../../protocol/turns.ts'
import type { Logger } from 'pino'
import { fail } from '../../protocol/errors.ts'
import type { Attachments } from '../attachments/attachments.ts'
import { ownFile } from '../config/files.ts'
import { ignoreMissing } from '../storage/missing-file.ts'
import type { Store } from '../storage/store.ts'

/** A file of a copy. */
export interface CopiedFile {
  /** Below the data directory, with slashes: "store/000123.ldb". */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Files of one path and mark have the same content. */
  readonly mark: string
}

/** A copy of the data directory as it was at one moment. */
export interface BackupCopy {
  readonly id: string
  /** RFC 3339. */
  readonly created: string
  readonly files: readonly CopiedFile[]
}

export interface BackupCopiesParts {
  readonly store: Store
  readonly attachments: Attachments
  /** The data directory; undefined for a server in memory. */
  readonly data: string | undefined
  /** Milliseconds after the last request for a copy until it is removed. */
  readonly maxIdle: () => number
  readonly log: Logger
  /** Name of the directory below the data directory that holds the copy. */
  readonly directory: string
}

/**
 * Copies of the data directory that a client takes away while the server runs. Files that never change get a second name,
 * so a copy takes little room and time; writes wait only while it is made. One at a time.
 */
export class BackupCopies {
  readonly #parts: BackupCopiesParts
  #current: BackupCopy | undefined
  /** Sizes of the current copy's files by their paths. */
  #sizes: ReadonlyMap<string, number> = new Map()
  /** One change at a time. */
  readonly #changing = new Turns(() => ({ running: 1 }))
  #expiry: NodeJS.Timeout | undefined

  constructor(parts: BackupCopiesParts) {
    this.#parts = parts
  }

  /** Removes what a crash left. */
  async open(): Promise<void> {
    if (this.#parts.data !== undefined) await rm(this.#directory, { recursive: true, force: true })
  }

  /**
   * Makes a copy.
   *
   * @throws `conflict` while there is another; `not_implemented` in memory; where the store takes no writes
   */
  begin(): Promise<BackupCopy> {
    return this.#changing.run(async () => {
      if (this.#current !== undefined) throw fail('backupRunning')
      const id = randomBytes(9).toString('base64url')
      const created = new Date().toISOString()
      const started = performance.now()
      try {
        await this.#copy(join(this.#directory, id))
        const files = await listFiles(join(this.#directory, id))
        this.#sizes = new Map(files.map(({ path, size }) => [path, size]))
        this.#current = { id, created, files }
      } catch (error) {
        await rm(join(this.#directory, id), { recursive: true, force: true })
        throw error
      }
      const ms = Math.round(performance.now() - started)
      this.#parts.log.info({ backup: id, files: this.#current.files.length, ms }, 'a backup begins')
      this.#stayAlive()
      return this.#current
    })
  }

  /**
   * Reads a file of a copy.
   *
   * @throws `not_found` for another copy or file
   */
  read(id: string, path: string): { readonly size: number; readonly content: Readable } {
    const size = this.#current?.id === id ? this.#sizes.get(path) : undefined
    if (size === undefined) throw fail('noBackup')
    this.#stayAlive()
    const place = join(this.#directory, id, ...path.split('/'))
    // A file that was being written when it was copied may have grown.
    return { size, content: size === 0 ? Readable.from([]) : createReadStream(place, { end: size - 1 }) }
  }

  /**
   * Removes a copy.
   *
   * @throws `not_found` where it is not there any more
   */
  end(id: string): Promise<void> {
    return this.#changing.run(async () => {
      if (this.#current?.id !== id) throw fail('noBackup')
      await this.#remove()
      this.#parts.log.info({ backup: id }, 'a backup is complete')
    })
  }

  async close(): Promise<void> {
    await this.#changing.run(() => this.#remove())
  }

  get #directory(): string {
    const { data } = this.#parts
    if (data === undefined) throw fail('nothingToBackUp')
    return join(data, this.#parts.directory)
  }

  async #copy(directory: string): Promise<void> {
    const { store, attachments, data = '' } = this.#parts
    const { copyTo } = store
    if (copyTo === undefined) throw fail('nothingToBackUp')
    await mkdir(directory, { recursive: true, mode: 0o700 })
    // What the store names when it is copied must be there when the files are.
    attachments.beginCopy()
    try {
      await copyTo(join(directory, 'store'))
      await attachments.copyTo(join(directory, 'attachments'))
    } finally {
      await attachments.endCopy()
    }
    const settings = ownFile(data)
    await copyFile(settings, join(directory, relative(data, settings))).catch(ignoreMissing)
  }

  async #remove(): Promise<void> {
    clearTimeout(this.#expiry)
    const { data } = this.#parts
    this.#current = undefined
    if (data !== undefined) await rm(this.#directory, { recursive: true, force: true })
  }

  #stayAlive(): void {
    clearTimeout(this.#expiry)
    this.#expiry = setTimeout(() => void this.#expire(), this.#parts.maxIdle())
    this.#expiry.unref()
  }

  async #expire(): Promise<void> {
    this.#parts.log.warn({ backup: this.#current?.id }, 'a backup was not completed, and is given up')
    await this.#changing.run(() => this.#remove()).catch(() => undefined)
  }
}

async function listFiles(directory: string): Promise<CopiedFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files: CopiedFile[] = []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const { size, mtimeNs, ino } = await stat(path, { bigint: true })
    const shown = relative(directory, path).split(sep).join('/')
    files.push({ path: shown, size: Number(size), mark: `${ino}-${mtimeNs}-${size}` })
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}
