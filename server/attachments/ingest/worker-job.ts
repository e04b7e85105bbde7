import type { IngestReply, IngestRequest, IngestResult } from './messages.ts'

/** Bytes of one attachment that may wait for its worker. */
const WINDOW_BYTES = 1024 * 1024
/** A message costs about as much as copying this many. */
const MESSAGE_BYTES = 256 * 1024

/** An attachment in a worker's hands. */
export class WorkerJob {
  readonly #number: number
  readonly #send: (request: IngestRequest) => void
  readonly #getFile: () => Promise<number>
  readonly #onSettled: () => void
  readonly #result: Promise<IngestResult>
  #resolve: (result: IngestResult) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #waiting = 0
  #kept: Uint8Array[] = []
  #keptBytes = 0
  #failure: Error | undefined
  #settled = false
  #aborted: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(options: {
    number: number
    send: (request: IngestRequest) => void
    /** The descriptor of a file for the stored bytes; asked for once, when they are many. */
    getFile: () => Promise<number>
    onSettled: () => void
  }) {
    this.#number = options.number
    this.#send = options.send
    this.#getFile = options.getFile
    this.#onSettled = options.onSettled
    this.#result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#result.catch(() => undefined)
  }

  /** Hands over a copy of the bytes, many at once; waits while too many are still to be worked on. */
  async write(bytes: Uint8Array): Promise<void> {
    while (this.#waiting >= WINDOW_BYTES && this.#failure === undefined) {
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    if (this.#failure !== undefined) throw this.#failure
    this.#waiting += bytes.length
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    if (this.#keptBytes >= MESSAGE_BYTES) this.#flush()
  }

  /** Says that all bytes have been written, and waits for what became of them. */
  finish(): Promise<IngestResult> {
    if (this.#failure === undefined) {
      this.#flush()
      this.#send({ kind: 'end', job: this.#number })
    }
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
        this.#waiting -= reply.bytes
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

  async #giveFile(): Promise<void> {
    try {
      const fd = await this.#getFile()
      if (!this.#settled) this.#send({ kind: 'file', job: this.#number, fd })
    } catch (error) {
      this.#send({ kind: 'abort', job: this.#number })
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #abort(): Promise<void> {
    if (!this.#settled) this.#send({ kind: 'abort', job: this.#number })
    await this.#result.catch(() => undefined)
  }

  #flush(): void {
    const bytes = new Uint8Array(this.#keptBytes)
    let at = 0
    for (const piece of this.#kept.splice(0)) {
      bytes.set(piece, at)
      at += piece.length
    }
    this.#keptBytes = 0
    this.#send({ kind: 'chunk', job: this.#number, bytes })
  }

  #settle(): void {
    if (!this.#settled) this.#onSettled()
    this.#settled = true
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
