import type { Worker } from 'node:worker_threads'
import { startThread } from '../../concurrency/start-thread.ts'
import type { Answer, FollowerData, FromFront, FromJobs, ToFront, ToJobs } from '../messages.ts'

/** Distributes over the members of a union. */
type WithoutNumber<Message> = Message extends { readonly number: number } ? Omit<Message, 'number'> : never

/** A message whose effect is acknowledged. */
export type Numbered = WithoutNumber<ToFront>

/** Programs of threads: one that takes connections, or one that runs replications. */
const PROGRAMS = { front: '../front/front-thread', jobs: '../jobs/job-thread' } as const

/** Orders that concern whoever asks over HTTP. */
const OF_REQUESTS: readonly Numbered['kind'][] = ['users_changed', 'security_changed', 'report']

/** A thread may take so many times as long to start as to carry out an order: its code is loaded first. */
const START_FACTOR = 4

export interface FollowingThreadOptions {
  readonly program: keyof typeof PROGRAMS
  /** Longest time in which it acknowledges an order, or ends, in milliseconds. */
  readonly timeoutMs: () => number
  /** Its row of shared counts. */
  readonly row: number
  readonly data: FollowerData
  readonly onMessage: (message: FromThread) => void
  readonly onEnd: (error: Error | undefined) => void
}

/** From a thread, other than acknowledgements. */
export type FromThread = Exclude<FromFront | FromJobs, { readonly kind: 'acknowledged' }>

/** A thread beside the store thread, as the store thread speaks to it. */
export class FollowingThread {
  /** Numbers of the databases whose commits it subscribed to. */
  readonly watched = new Set<number>()
  feeds = 0
  readonly row: number
  readonly ended: Promise<void>
  readonly #worker: Worker
  readonly #isFront: boolean
  readonly #timeoutMs: () => number
  #sent = 0
  #acknowledged = 0
  #isReady = false
  #isEnding = false
  #isEnded = false
  #failure: Error | undefined
  #watch: NodeJS.Timeout | undefined
  readonly #waiting: { readonly number: number; resolve(): void }[] = []
  #advanced = new Set<number>()
  #answers: Answer[] = []

  constructor({ program, row, data, timeoutMs, onMessage, onEnd }: FollowingThreadOptions) {
    this.row = row
    this.#timeoutMs = timeoutMs
    this.#isFront = program === 'front'
    this.#worker = startThread(PROGRAMS[program], import.meta.url, {
      isBundled: true,
      workerData: data,
      name: this.#isFront ? `front ${row}` : program,
    })
    this.#worker.on('message', (message: FromFront | FromJobs) => {
      if (this.#isEnded) return
      if (message.kind === 'acknowledged') return this.#acknowledge(message.number)
      if (message.kind === 'ready') this.#ready()
      onMessage(message)
    })
    this.#worker.on('error', error => (this.#failure ??= error))
    this.ended = new Promise(resolve =>
      this.#worker.once('exit', () => {
        this.#isEnded = true
        this.#acknowledge(Infinity)
        onEnd(this.#failure)
        resolve()
      }),
    )
    this.#startWatch()
  }

  send(message: Exclude<ToFront | ToJobs, { readonly number: number }>): void {
    if (!this.#isEnded) this.#worker.postMessage(message)
  }

  /** Answers a question. What one commit answers, or one turn, goes as one message. */
  answer(answer: Answer): void {
    if (this.#answers.push(answer) === 1) process.nextTick(() => this.#sendAnswers())
  }

  /** Sends what is acknowledged when it holds there, see `whenAcknowledged`. */
  order(message: Numbered): void {
    if (!this.#isFront && OF_REQUESTS.includes(message.kind)) return
    if (this.#isEnded) return
    this.#worker.postMessage({ ...message, number: ++this.#sent })
    this.#startWatch()
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

  /** Has the thread end in order; one that does not is ended at once. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#isEnding = true
    this.send({ kind: 'end' })
    this.#startWatch()
    await this.ended
  }

  #ready(): void {
    this.#isReady = true
    this.#stopWatch()
    if (this.#isAwaited) this.#startWatch()
  }

  get #isAwaited(): boolean {
    return !this.#isEnded && (!this.#isReady || this.#isEnding || this.#acknowledged < this.#sent)
  }

  /** Begins to wait for a sign of the thread: its start, the next acknowledgement, or its end. */
  #startWatch(): void {
    if (this.#watch !== undefined || this.#isEnded) return
    const timeoutMs = this.#timeoutMs() * (this.#isReady ? 1 : START_FACTOR)
    this.#watch = setTimeout(() => this.#giveUp(timeoutMs), timeoutMs).unref()
  }

  #stopWatch(): void {
    clearTimeout(this.#watch)
    this.#watch = undefined
  }

  /** Ends a thread that gives no sign: whoever waits for it would wait as long. Nothing of it runs after this. */
  #giveUp(timeoutMs: number): void {
    this.#failure = new Error(`the thread gave no sign for ${timeoutMs} ms and was ended`)
    void this.#worker.terminate()
    this.#isEnded = true
    this.#acknowledge(Infinity)
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
    this.#stopWatch()
    if (this.#isAwaited) this.#startWatch()
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
