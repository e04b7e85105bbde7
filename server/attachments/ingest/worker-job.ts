import { GatheredPieces } from './batch.ts'
import type { InFlight } from './in-flight.ts'
import type { IngestOptions, IngestReply, IngestRequest, IngestResult, TargetFile } from './messages.ts'

/** Bytes that go to the worker together: waking it costs as much as hashing some of them. */
const BATCH_BYTES = 512 * 1024
/** Compressing takes a hundred times as long, and others wait for the same worker. */
const BATCH_TO_COMPRESS = 64 * 1024
/** Batches of one attachment that may wait for its worker. */
const MAX_SENT = 2

/** An attachment in a worker's hands. */
export class WorkerJob {
  readonly #number: number
  readonly #inFlight: InFlight
  readonly #send: (request: IngestRequest) => void
  readonly #getFile: () => Promise<TargetFile>
  readonly #onSettled: () => void
  readonly #result: Promise<IngestResult>
  readonly #batchBytes: number
  readonly #batch = new GatheredPieces()
  /** Until it is sent. */
  #begin: IngestOptions | undefined
  #resolve: (result: IngestResult) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  /** The bytes of each batch that is with the worker. */
  readonly #sent: number[] = []
  #failure: Error | undefined
  #settled = false
  #aborted: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(options: {
    number: number
    begin: IngestOptions
    inFlight: InFlight
    send: (request: IngestRequest) => void
    /** Makes a file for the stored bytes; called once, when they are many. */
    getFile: () => Promise<TargetFile>
    onSettled: () => void
  }) {
    this.#number = options.number
    this.#begin = options.begin
    this.#batchBytes = options.begin.compressionLevel === undefined ? BATCH_BYTES : BATCH_TO_COMPRESS
    this.#inFlight = options.inFlight
    this.#send = options.send
    this.#getFile = options.getFile
    this.#onSettled = options.onSettled
    this.#result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#result.catch(() => undefined)
  }

  /**
   * Takes bytes for the worker; waits while too many are still to be worked on.
   *
   * @param transferable whether their memory may go to the worker
   */
  async write(bytes: Uint8Array, transferable: boolean): Promise<void> {
    if (this.#batch.bytes >= this.#batchBytes) await this.#flush(false)
    if (this.#failure !== undefined) throw this.#failure
    this.#batch.add(bytes, transferable)
  }

  /** Says that all bytes have been written, and waits for what became of them. */
  async finish(): Promise<IngestResult> {
    if (this.#failure === undefined) await this.#flush(true)
    return this.#result
  }

  /** Forgets the attachment and returns when its file is no longer written to. Idempotent. */
  abort(): Promise<void> {
    this.#aborted ??= this.#abort()
    return this.#aborted
  }

  onReply(reply: IngestReply): void {
    switch (reply.kind) {
      case 'taken':
        this.#inFlight.give(this.#sent.shift() ?? 0)
        this.#wakeUp()
        return
      case 'need-file':
        void this.#giveFile()
        return
      case 'done':
        this.#settle()
        this.#resolve(reply.result)
        return
      case 'aborted':
        this.fail(new Error('aborted'))
        return
      case 'failed':
        this.fail(new Error(reply.message))
    }
  }

  /** The worker is gone, or there is no file. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#settle()
    this.#reject(this.#failure)
    this.#wakeUp()
  }

  async #flush(end: boolean): Promise<void> {
    while (this.#sent.length >= MAX_SENT && this.#failure === undefined) {
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    if (this.#failure !== undefined) throw this.#failure
    const { bytes } = this.#batch
    await this.#inFlight.take(bytes)
    if (this.#settled) {
      this.#inFlight.give(bytes)
      throw this.#failure ?? new Error('aborted')
    }
    this.#sent.push(bytes)
    this.#send({ kind: 'work', job: this.#number, begin: this.#begin, pieces: this.#batch.take(), end })
    this.#begin = undefined
  }

  async #giveFile(): Promise<void> {
    try {
      const file = await this.#getFile()
      if (!this.#settled) this.#send({ kind: 'file', job: this.#number, file })
    } catch (error) {
      this.#send({ kind: 'abort', job: this.#number })
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #abort(): Promise<void> {
    if (!this.#settled) this.#send({ kind: 'abort', job: this.#number })
    await this.#result.catch(() => undefined)
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    for (const bytes of this.#sent.splice(0)) this.#inFlight.give(bytes)
    this.#onSettled()
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
