import type { IngestReply, IngestRequest, IngestResult } from './messages.ts'
import { SLOT_BYTES, type Slot, type Slots } from './slots.ts'

/** Slots of one attachment that may wait for its worker. */
const MAX_SENT = 4

/** An attachment in a worker's hands. */
export class WorkerJob {
  readonly #number: number
  readonly #slots: Slots
  readonly #send: (request: IngestRequest) => void
  readonly #getFile: () => Promise<number>
  readonly #onSettled: () => void
  readonly #result: Promise<IngestResult>
  #resolve: (result: IngestResult) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #slot: Slot | undefined
  #filled = 0
  #sent = 0
  #failure: Error | undefined
  #settled = false
  #aborted: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(options: {
    number: number
    slots: Slots
    send: (request: IngestRequest) => void
    /** The descriptor of a file for the stored bytes; asked for once, when they are many. */
    getFile: () => Promise<number>
    onSettled: () => void
  }) {
    this.#number = options.number
    this.#slots = options.slots
    this.#send = options.send
    this.#getFile = options.getFile
    this.#onSettled = options.onSettled
    this.#result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#result.catch(() => undefined)
  }

  /** Copies the bytes for the worker; waits while too many are still to be worked on. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const slot = (this.#slot ??= await this.#nextSlot())
      const length = Math.min(bytes.length - at, SLOT_BYTES - this.#filled)
      slot.bytes.set(bytes.subarray(at, at + length), this.#filled)
      this.#filled += length
      at += length
      if (this.#filled === SLOT_BYTES) this.#flush()
    }
    if (this.#failure !== undefined) throw this.#failure
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
        this.#sent -= 1
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

  async #nextSlot(): Promise<Slot> {
    while (this.#sent >= MAX_SENT && this.#failure === undefined) {
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    if (this.#failure !== undefined) throw this.#failure
    const slot = await this.#slots.take()
    if (!this.#settled) return slot
    this.#slots.give(slot.number)
    throw this.#failure ?? new Error('aborted')
  }

  #flush(): void {
    const slot = this.#slot
    if (slot === undefined) return
    this.#slot = undefined
    this.#sent += 1
    const { number, memory } = slot
    this.#send({ kind: 'chunk', job: this.#number, slot: number, memory, length: this.#filled })
    this.#filled = 0
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
    this.#giveBack()
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    this.#giveBack()
    this.#onSettled()
  }

  /** What was not sent is nobody else's. */
  #giveBack(): void {
    if (this.#slot !== undefined) this.#slots.give(this.#slot.number)
    this.#slot = undefined
    this.#filled = 0
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
