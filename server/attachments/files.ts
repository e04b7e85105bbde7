import { chmod, mkdir, open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Encryption } from '../storage/encryption/encryption.ts'
import type { FileKey } from '../storage/encryption/file-cipher.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import { linkOrCopy } from '../storage/link-or-copy.ts'
import { ignoreMissing } from '../storage/missing-file.ts'
import { syncDirectory } from '../storage/sync-directory.ts'
import type { FilePlace } from './blob-record.ts'
import { type ContentReader, contentReader } from './content-reader.ts'

/** A file that is being written. */
export interface IncomingFile {
  readonly number: number
  readonly handle: FileHandle
  /** Key that encrypts the file; undefined without encryption. */
  readonly key: FileKey | undefined
}

const FILES_PER_DIRECTORY = 1024
const PREPARED = 8

/**
 * The files of attachments too large for the store, under ascending numbers. Empty ones are made ahead, several under
 * one sync of their directory, so that an upload syncs only its own data. Which files hold anything is in the store:
 * a file that it does not name is an orphan.
 */
export class AttachmentFiles {
  readonly #directory: string
  readonly #encryption: Encryption | undefined
  /** Files below this number were there when the server started. */
  readonly firstNew: number
  #open = 0
  #copies = 0
  /** Files that are to be removed when no copy is being made any more. */
  readonly #removedLater = new Set<number>()
  #next: number
  #ready: IncomingFile[] = []
  #preparing: Promise<void> | undefined

  /** True until the names of all directories are known to be on disk. */
  #isUnsynced = true

  /** @param firstFree number from which on the store names no file, whatever files are there */
  static async open(directory: string, encryption?: Encryption, firstFree = 0): Promise<AttachmentFiles> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await chmod(directory, 0o700)
    const last = (await directoriesIn(directory)).at(-1)
    const numbers = last === undefined ? [] : await filesIn(join(directory, last))
    const base = last === undefined ? 0 : parseInt(last, 16) * FILES_PER_DIRECTORY
    const next = numbers.length === 0 ? base : Math.max(...numbers) + 1
    return new AttachmentFiles(directory, encryption, Math.max(next, firstFree))
  }

  private constructor(directory: string, encryption: Encryption | undefined, next: number) {
    this.#directory = directory
    this.#encryption = encryption
    this.firstNew = next
    this.#next = next
  }

  /** Number of files being written. */
  get open(): number {
    return this.#open
  }

  /** A new, empty file; to be kept or discarded. */
  async create(): Promise<IncomingFile> {
    let file = this.#ready.pop()
    while (file === undefined) {
      this.#preparing ??= this.#prepare().finally(() => (this.#preparing = undefined))
      await this.#preparing
      file = this.#ready.pop()
    }
    this.#open += 1
    return file
  }

  /** Puts a file's data on disk. When it fails the file is still to be discarded. */
  async sync(file: IncomingFile): Promise<void> {
    await file.handle.datasync()
    this.#open -= 1
    // Nobody waits for it to be closed.
    file.handle.close().catch(() => undefined)
  }

  async discard(file: IncomingFile): Promise<void> {
    this.#open -= 1
    await file.handle.close()
    await this.remove(file.number)
  }

  /** @throws {DamagedValueError} where the file is missing */
  async openForReading({ file, length, salt }: FilePlace): Promise<ContentReader> {
    const key = salt === undefined ? undefined : this.#encryption?.fileKey(salt)
    const handle = await open(this.#path(file), 'r').catch(ignoreMissing)
    if (handle === undefined) throw new DamagedValueError(`The file ${file} of an attachment is missing`)
    return contentReader(handle, key, length)
  }

  /** Removes a file, once no copy is being made. Idempotent. */
  async remove(number: number): Promise<void> {
    if (this.#copies > 0) this.#removedLater.add(number)
    else await this.#unlink(number)
  }

  /** Keeps all files until {@link endCopy}. */
  beginCopy(): void {
    this.#copies += 1
  }

  async endCopy(): Promise<void> {
    this.#copies -= 1
    if (this.#copies > 0) return
    const numbers = [...this.#removedLater]
    this.#removedLater.clear()
    for (const number of numbers) await this.#unlink(number)
  }

  /** Gives every file that holds anything a second name in another directory, or copies it. */
  async copyTo(directory: string): Promise<void> {
    for (const name of await directoriesIn(this.#directory)) {
      const [from, to] = [join(this.#directory, name), join(directory, name)]
      await mkdir(to, { recursive: true, mode: 0o700 })
      for (const file of (await filesIn(from).catch(ignoreMissing)) ?? []) {
        const fileName = nameOf(file)
        const found = await stat(join(from, fileName)).catch(ignoreMissing)
        if (found === undefined || found.size === 0) continue
        // A removal that began before the copy may end now: nothing in the store names such a file.
        await linkOrCopy(join(from, fileName), join(to, fileName)).catch(ignoreMissing)
      }
    }
  }

  async #unlink(number: number): Promise<void> {
    await unlink(this.#path(number)).catch(ignoreMissing)
  }

  /** The numbers of the files that were there at the start, ascending, some hundreds at a time. */
  async *listOld(): AsyncGenerator<number[]> {
    for await (const numbers of listFiles(this.#directory))
      yield numbers.filter(number => number < this.firstNew).sort((a, b) => a - b)
  }

  /** Removes the files made ahead. Idempotent. */
  async close(): Promise<void> {
    await this.#preparing
    await Promise.all(
      this.#ready.splice(0).map(async ({ handle, number }) => {
        await handle.close()
        await this.remove(number)
      }),
    )
  }

  async #prepare(): Promise<void> {
    const directory = join(this.#directory, directoryOf(this.#next))
    const made = await mkdir(directory, { recursive: true, mode: 0o700 })
    if (made !== undefined) this.#isUnsynced = true
    if (this.#isUnsynced) await syncDirectory(this.#directory)
    this.#isUnsynced = false
    const end = Math.min(
      this.#next + PREPARED,
      (Math.floor(this.#next / FILES_PER_DIRECTORY) + 1) * FILES_PER_DIRECTORY,
    )
    const files: IncomingFile[] = []
    try {
      while (this.#next < end) {
        const number = this.#next++
        const handle = await open(this.#path(number), 'wx+', 0o600)
        files.push({ number, handle, key: this.#encryption?.newFileKey() })
      }
      await syncDirectory(directory)
    } catch (error) {
      for (const { handle, number } of files) {
        await handle.close().catch(() => undefined)
        await this.remove(number).catch(() => undefined)
      }
      throw error
    }
    this.#ready.push(...files.reverse())
  }

  /** Returns whether a file is there and holds nothing. */
  async isEmpty(number: number): Promise<boolean> {
    return (await stat(this.#path(number)).catch(ignoreMissing))?.size === 0
  }

  #path(number: number): string {
    return pathOfFile(this.#directory, number)
  }
}

/** Lists the numbers of the files below a directory, some hundreds at a time; none where it is missing. */
export async function* listFiles(directory: string): AsyncGenerator<number[]> {
  for (const name of (await directoriesIn(directory).catch(ignoreMissing)) ?? [])
    yield (await filesIn(join(directory, name)).catch(ignoreMissing)) ?? []
}

export function pathOfFile(directory: string, number: number): string {
  return join(directory, directoryOf(number), nameOf(number))
}

function nameOf(number: number): string {
  return number.toString(16).padStart(12, '0')
}

function directoryOf(number: number): string {
  return Math.floor(number / FILES_PER_DIRECTORY)
    .toString(16)
    .padStart(10, '0')
}

async function directoriesIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter(name => /^[0-9a-f]{10}$/.test(name)).sort()
}

async function filesIn(directory: string): Promise<number[]> {
  return (await readdir(directory))
    .filter(name => /^[0-9a-f]{12}$/.test(name))
    .map(name => parseInt(name, 16))
}
