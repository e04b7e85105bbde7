import { readFileSync, write } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/** End of the run before, as the store's directory records it. */
export interface LastRun {
  /** Everything up to this mark was acknowledged. */
  readonly mark: number
  /** True if the store was closed in order. */
  readonly closed: boolean
}

const FORMAT = 1
const LINE_BYTES = 64

/**
 * A small file that tells up to which mark writes were acknowledged: a second witness beside LevelDB's log, whose end can
 * be cut off without a trace. It is written behind each sync and never synced itself: after a loss of power it may be
 * older than the log, and never newer.
 */
export class AcknowledgedFile {
  readonly #handle: FileHandle
  #wanted: LastRun
  #writing: Promise<void> | undefined

  /** Reads the file; undefined where there is none, or none that can be read. */
  static read(path: string): LastRun | undefined {
    try {
      return parseLine(readFileSync(path, 'latin1'))
    } catch {
      return undefined
    }
  }

  /** Opens the file for a run that begins at a mark. */
  static async open(path: string, mark: number): Promise<AcknowledgedFile> {
    const handle = await open(path, 'a+', 0o600)
    await handle.close()
    const file = new AcknowledgedFile(await open(path, 'r+', 0o600), { mark, closed: false })
    await file.#write()
    return file
  }

  private constructor(handle: FileHandle, wanted: LastRun) {
    this.#handle = handle
    this.#wanted = wanted
  }

  /** Notes a mark: at once where nothing is being written, else with what is noted meanwhile. */
  acknowledge(mark: number): void {
    this.#wanted = { mark, closed: false }
    this.#writing ??= this.#writeAll()
  }

  /**
   * Closes the file.
   *
   * @param mark noted as the last one of a run that was closed in order
   */
  async close(mark?: number): Promise<void> {
    await this.#writing
    if (mark !== undefined) {
      this.#wanted = { mark, closed: true }
      await this.#write()
      await this.#handle.datasync().catch(() => undefined)
    }
    await this.#handle.close().catch(() => undefined)
  }

  async #writeAll(): Promise<void> {
    for (let written: LastRun | undefined; written !== this.#wanted;) {
      written = this.#wanted
      await this.#write()
    }
    this.#writing = undefined
  }

  /**
   * A witness that cannot be written is one that knows less: no reason to fail anybody. Written with each sync, it has the call that
   * costs least.
   */
  #write(): Promise<void> {
    const line = Buffer.from(formatLine(this.#wanted), 'latin1')
    const written = new Promise<void>(resolve => {
      write(this.#handle.fd, line, 0, line.length, 0, () => resolve())
    })
    // Nobody writes to a file that was closed, but a mark that came too late must not end the process either.
    return written.catch(() => undefined)
  }
}

/** The format, the mark, how the run ended, and a checksum of these. */
function formatLine({ mark, closed }: LastRun): string {
  const text = `${FORMAT} ${mark} ${closed ? 'closed' : 'open'}`
  return `${text} ${checksumOf(text)}`.padEnd(LINE_BYTES - 1) + '\n'
}

function parseLine(line: string): LastRun | undefined {
  const [format, mark, ending, checksum] = line.trim().split(' ')
  const text = `${format} ${mark} ${ending}`
  if (format !== String(FORMAT) || checksum !== checksumOf(text)) return undefined
  return { mark: Number(mark), closed: ending === 'closed' }
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
