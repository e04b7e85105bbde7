import type { IncomingBlob } from '../incoming-blob.ts'
import type { AttachmentFiles, IncomingFile } from '../files.ts'
import type { IngestResult, TargetFile } from './messages.ts'
import type { IngestSink } from './sink.ts'
import type { WorkerJob } from './worker-job.ts'
import type { IngestWorkers } from './workers.ts'

export interface WorkerSinkOptions {
  /** zlib's level, 1 to 9, when the bytes are to be stored compressed. */
  readonly compressionLevel: number | undefined
  /** More stored bytes than this go to a file. */
  readonly inlineLimit: number
  /** True where the SHA-256 of the stored bytes is wanted. */
  readonly isShared: boolean
}

/** Hands an attachment to a worker thread, which compresses it where that is wanted, hashes it and writes its file. */
export class WorkerSink implements IngestSink {
  readonly #files: AttachmentFiles | undefined
  readonly #job: WorkerJob
  #file: Promise<IncomingFile> | undefined

  /** Bytes that are not compressed need a file: fewer of them do not come here. */
  static async open(
    workers: IngestWorkers,
    files: AttachmentFiles | undefined,
    options: WorkerSinkOptions,
  ): Promise<WorkerSink> {
    const needsFile = options.compressionLevel === undefined
    return new WorkerSink(workers, files, options, needsFile ? await files?.create() : undefined)
  }

  private constructor(
    workers: IngestWorkers,
    files: AttachmentFiles | undefined,
    options: WorkerSinkOptions,
    file: IncomingFile | undefined,
  ) {
    this.#files = files
    if (file !== undefined) this.#file = Promise.resolve(file)
    this.#job = workers.open({ ...options, file: file && targetOf(file) }, () => this.#openFile())
  }

  write(bytes: Uint8Array, transferable: boolean): Promise<void> {
    return this.#job.write(bytes, transferable)
  }

  async finish(): Promise<{ result: IngestResult; blob: IncomingBlob }> {
    const result = await this.#job.finish()
    const file = await this.#takeFile()
    const blob: IncomingBlob =
      file === undefined
        ? { kind: 'inline', bytes: result.bytes ?? new Uint8Array(0) }
        : { kind: 'file', file, length: result.storedLength }
    return { result, blob }
  }

  async abort(): Promise<void> {
    await this.#job.abort()
    const file = await this.#takeFile().catch(() => undefined)
    if (file !== undefined) await this.#files?.discard(file)
  }

  async #openFile(): Promise<TargetFile> {
    if (this.#files === undefined) throw new Error('files of attachments are not configured')
    this.#file = this.#files.create()
    return targetOf(await this.#file)
  }

  async #takeFile(): Promise<IncomingFile | undefined> {
    const file = this.#file
    this.#file = undefined
    return file
  }
}

function targetOf({ handle, key }: IncomingFile): TargetFile {
  return { fd: handle.fd, key }
}
