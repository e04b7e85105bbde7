import type { IncomingBlob } from '../incoming-blob.ts'
import type { AttachmentFiles, IncomingFile } from '../files.ts'
import type { IngestOptions, IngestResult } from './messages.ts'
import type { IngestSink } from './sink.ts'
import type { WorkerJob } from './worker-job.ts'
import type { IngestWorkers } from './workers.ts'

/** Hands an attachment to a worker thread, which compresses it where that is wanted, hashes it and writes its file. */
export class WorkerSink implements IngestSink {
  readonly #files: AttachmentFiles | undefined
  readonly #job: WorkerJob
  #file: Promise<IncomingFile> | undefined

  constructor(workers: IngestWorkers, files: AttachmentFiles | undefined, options: IngestOptions) {
    this.#files = files
    this.#job = workers.open(options, () => this.#openFile())
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#job.write(bytes)
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

  async #openFile(): Promise<number> {
    if (this.#files === undefined) throw new Error('there are no files to write to')
    this.#file = this.#files.create()
    return (await this.#file).handle.fd
  }

  async #takeFile(): Promise<IncomingFile | undefined> {
    const file = this.#file
    this.#file = undefined
    return file
  }
}
