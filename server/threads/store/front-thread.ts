import type { Worker } from 'node:worker_threads'
import { startThread } from '../../concurrency/start-thread.ts'
import type { Answer, FromFront, FrontThreadData, ToFront } from '../messages.ts'

/** Distributes over the members of a union. */
type WithoutNumber<Message> = Message extends { readonly number: number } ? Omit<Message, 'number'> : never

/** A message whose effect is acknowledged. */
export type Numbered = WithoutNumber<ToFront>

/** A front thread, as the store thread speaks to it. */
export class FrontThread {
  /** Numbers of the databases whose commits it is told of. */
  readonly watched = new Set<number>()
  feeds = 0
  readonly thread: number
  readonly ended: Promise<void>
  readonly #worker: Worker
  #sent = 0
  #acknowledged = 0
  #isEnded = false
  readonly #waiting: { readonly number: number; resolve(): void }[] = []
  #advanced = new Set<number>()
  #answers: Answer[] = []

  constructor(
    data: FrontThreadData,
    options: { onMessage(message: FromFront): void; onEnd(error: Error | undefined): void },
  ) {
    this.thread = data.thread
    this.#worker = startThread('../front/front-thread', import.meta.url, {
      workerData: data,
      name: `front ${data.thread}`,
    })
    let failure: Error | undefined
    this.#worker.on('message', (message: FromFront) => {
      if (message.kind === 'acknowledged') this.#acknowledge(message.number)
      else options.onMessage(message)
    })
    this.#worker.on('error', error => (failure = error))
    this.ended = new Promise(resolve =>
      this.#worker.once('exit', () => {
        this.#isEnded = true
        this.#acknowledge(Infinity)
        options.onEnd(failure)
        resolve()
      }),
    )
  }

  send(message: Exclude<ToFront, { readonly number: number }>): void {
    if (!this.#isEnded) this.#worker.postMessage(message)
  }

  /** Answers a question. What one commit answers, or one turn, goes as one message. */
  answer(answer: Answer): void {
    if (this.#answers.push(answer) === 1) process.nextTick(() => this.#sendAnswers())
  }

  /** Sends what is acknowledged when it holds there, see `whenAcknowledged`. */
  order(message: Numbered): void {
    if (!this.#isEnded) this.#worker.postMessage({ ...message, number: ++this.#sent })
  }

  /** Resolves when everything that was ordered until now holds there, or the thread is gone; undefined where it does. */
  whenAcknowledged(): Promise<void> | undefined {
    const number = this.#sent
    if (this.#isEnded || this.#acknowledged >= number) return undefined
    return new Promise(resolve => this.#waiting.push({ number, resolve }))
  }

  /** Tells of commits of a database, once for those of a turn. */
  advanced(database: number): void {
    if (!this.watched.has(database)) return
    if (this.#advanced.size === 0) queueMicrotask(() => this.#tellAdvanced())
    this.#advanced.add(database)
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #sendAnswers(): void {
    const answers = this.#answers
    this.#answers = []
    this.send({ kind: 'answers', answers })
  }

  #tellAdvanced(): void {
    for (const database of this.#advanced) this.send({ kind: 'advanced', database })
    this.#advanced = new Set()
  }

  #acknowledge(number: number): void {
    this.#acknowledged = number
    for (
      let [first] = this.#waiting;
      first !== undefined && first.number <= number;
      [first] = this.#waiting
    ) {
      this.#waiting.shift()
      first.resolve()
    }
  }
}
