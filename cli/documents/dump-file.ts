import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { SourceSeq } from '../../protocol/checkpoint.ts'
import { CommandError, usageError } from '../frame/command-error.ts'
import { fileFailure } from './file-failure.ts'

/** Position of an unfinished dump, kept beside its file. */
export interface DumpState {
  /** Database and options: another dump does not go on with this file. */
  readonly identity: string
  readonly since: SourceSeq
  readonly documents: number
  /** Bytes of the file that belong to it. */
  readonly bytes: number
}

export interface DumpTarget {
  /** Position of the dump that is resumed; undefined of a new one. */
  readonly resumed: DumpState | undefined
  /** Appends text; gzipped, each piece is a member of its own, so that a dump can be cut and resumed between them. */
  append(text: Uint8Array): Promise<void>
  /** Makes what was appended durable and remembers that it reaches up to there. */
  checkpoint(since: SourceSeq, documents: number): Promise<void>
  /** @param complete false leaves it to be resumed */
  close(complete: boolean): Promise<void>
}

export interface FileOptions {
  readonly gzipped: boolean
  readonly resume: boolean
  readonly overwrite: boolean
  readonly identity: string
}

const compress = promisify(gzip)

/** A dump in a file; unfinished, it has a file `….resume` beside it. */
export class DumpFile implements DumpTarget {
  readonly #path: string
  readonly #file: FileHandle
  readonly #options: FileOptions
  readonly resumed: DumpState | undefined
  #bytes: number

  private constructor(path: string, file: FileHandle, options: FileOptions, resumed: DumpState | undefined) {
    this.#path = path
    this.#file = file
    this.#options = options
    this.resumed = resumed
    this.#bytes = resumed?.bytes ?? 0
  }

  /** @throws {CommandError} where there is a file already, or none to resume */
  static async open(path: string, options: FileOptions): Promise<DumpFile> {
    try {
      const state = await stateOf(path)
      const exists = await stat(path).then(
        () => true,
        () => false,
      )
      if (options.resume && state !== undefined) return await DumpFile.#resume(path, options, state)
      if (exists && !options.overwrite) throw new CommandError(existing(path, state !== undefined))
      await rm(stateFile(path), { force: true })
      return new DumpFile(path, await open(path, 'w', 0o600), options, undefined)
    } catch (error) {
      throw fileFailure(error, path)
    }
  }

  static async #resume(path: string, options: FileOptions, state: DumpState): Promise<DumpFile> {
    if (state.identity !== options.identity)
      throw usageError(
        `${path} was begun with another database or other options: give those, or --overwrite.`,
      )
    const file = await open(path, 'r+')
    const { size } = await file.stat()
    if (size < state.bytes) {
      await file.close()
      throw new CommandError(`${path} is shorter than what was written to it: begin again with --overwrite.`)
    }
    await file.truncate(state.bytes)
    return new DumpFile(path, file, options, state)
  }

  async append(text: Uint8Array): Promise<void> {
    if (text.length === 0) return
    const bytes = this.#options.gzipped ? await compress(text) : text
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#bytes + at)
        at += bytesWritten
      }
    } catch (error) {
      throw fileFailure(error, this.#path)
    }
    this.#bytes += bytes.length
  }

  async checkpoint(since: SourceSeq, documents: number): Promise<void> {
    await this.#file.datasync()
    const state: DumpState = { identity: this.#options.identity, since, documents, bytes: this.#bytes }
    const file = stateFile(this.#path)
    await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }

  async close(complete: boolean): Promise<void> {
    if (complete) await this.#file.sync()
    await this.#file.close()
    if (complete) await rm(stateFile(this.#path), { force: true })
  }
}

/** Returns the file beside a dump that tells how far it has come. */
export function stateFile(path: string): string {
  return `${path}.resume`
}

async function stateOf(path: string): Promise<DumpState | undefined> {
  try {
    return JSON.parse(await readFile(stateFile(path), 'utf8')) as DumpState
  } catch {
    return undefined
  }
}

function existing(path: string, isUnfinished: boolean): string {
  return isUnfinished
    ? `${path} is an unfinished dump: --resume goes on with it, --overwrite begins again.`
    : `${path} exists: --overwrite replaces it.`
}
