import type { MessagePort } from 'node:worker_threads'
import type { DocumentToWrite } from '../../database/documents/write-documents.ts'
import type { Answer, Ask, FromFront, FromJobs, PackedWrites, Question, Write } from '../messages.ts'
import { packDocuments, type PackedOutcomes, unpackError } from '../packed-documents.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/**
 * The store thread, as a front thread speaks to it. A message costs both threads more than what is in it: everything that is
 * asked in one turn of the event loop, by whatever requests, goes as one.
 */
export class StoreThread {
  readonly #port: MessagePort
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  #asks: Ask[] = []
  #writes: Write[] = []
  #documents: (readonly DocumentToWrite[])[] = []
  #isFlushDue = false

  constructor(port: MessagePort) {
    this.#port = port
  }

  /** Sends a message, behind everything that was asked before: of what it acknowledges nothing comes later. */
  send(message: FromFront | FromJobs): void {
    this.#flush()
    this.#port.postMessage(message)
  }

  /** @throws what kept the store thread from an answer */
  ask(question: Question): Promise<unknown> {
    const id = this.#next++
    this.#asks.push({ id, question })
    return this.#answerTo(id)
  }

  /** Has documents written; resolves when they are on disk. @throws what kept the store thread from an answer */
  write(documents: readonly DocumentToWrite[], target: Omit<Write, 'id' | 'count'>): Promise<PackedOutcomes> {
    const id = this.#next++
    this.#writes.push({ id, count: documents.length, ...target })
    this.#documents.push(documents)
    return this.#answerTo(id) as Promise<PackedOutcomes>
  }

  answered({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject('failure' in error ? new Error(error.failure) : unpackError(error))
  }

  #answerTo(id: number): Promise<unknown> {
    if (!this.#isFlushDue) {
      this.#isFlushDue = true
      setImmediate(() => this.#flush())
    }
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  #flush(): void {
    this.#isFlushDue = false
    if (this.#asks.length === 0 && this.#writes.length === 0) return
    const asks = this.#asks
    this.#asks = []
    const writes = this.#writes.length === 0 ? undefined : this.#packWrites()
    const transfer =
      writes === undefined ? [] : [writes.documents.bytes, writes.documents.numbers.buffer as ArrayBuffer]
    const message: FromFront | FromJobs = { kind: 'asks', asks, writes }
    this.#port.postMessage(message, transfer)
  }

  #packWrites(): PackedWrites {
    const [writes, documents] = [this.#writes, this.#documents.flat()]
    this.#writes = []
    this.#documents = []
    const replicated = writes.flatMap(({ count, replicated }) => new Array<boolean>(count).fill(replicated))
    return { writes, documents: packDocuments(documents, at => replicated[at] === true) }
  }
}
