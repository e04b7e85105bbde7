import type { MessagePort } from 'node:worker_threads'
import { unpackError } from '../packed-documents.ts'
import type { FromFront, Question, ToFront } from '../messages.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The store thread, as a front thread speaks to it. */
export class StoreThread {
  readonly #port: MessagePort
  readonly #waiting = new Map<number, Waiting>()
  #next = 0

  constructor(port: MessagePort) {
    this.#port = port
  }

  send(message: FromFront): void {
    this.#port.postMessage(message)
  }

  /** @param transfer handed over, not copied. @throws what kept the store thread from an answer */
  ask(question: Question, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    const id = this.#next++
    const message: FromFront = { kind: 'ask', id, question }
    this.#port.postMessage(message, transfer)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  answered({ id, value, error }: ToFront & { kind: 'answer' }): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject('failure' in error ? new Error(error.failure) : unpackError(error))
  }
}
