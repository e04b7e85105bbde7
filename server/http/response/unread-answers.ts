import { type Count, LocalCount } from '../../concurrency/shared-count.ts'
import { fail } from '../../../protocol/errors.ts'
import { UnreadAnswer } from './unread-answer.ts'

export interface UnreadLimits {
  /** Bytes of all answers together. */
  readonly bytes: number
  /** Time without taking anything after which a client is cut off, where its room is needed. */
  readonly timeoutMs: number
}

const LOOK_AGAIN_MS = 1000

/**
 * The memory of answers whose clients do not take what they were sent. Pieces are counted from when they are made until
 * they are with the system. Past a bound for all of them no long answer is begun (503), and those that were begun wait
 * for room, so that a crowd of such clients does not fill the memory. Whoever took nothing for long makes room for others.
 */
export class UnreadAnswers {
  readonly #limits: () => UnreadLimits
  readonly #held: Count
  /** Bytes that making the answers of this thread takes: they keep new ones from beginning, and none that was begun from going on. */
  #making = 0
  readonly #waiting = new Set<() => void>()
  /** Answers whose clients take nothing, and since when; the one first that does so longest. */
  readonly #stalled = new Map<UnreadAnswer, number>()
  /** Looks for room that other threads need, while clients of this one take nothing. */
  #timer: NodeJS.Timeout | undefined

  /**
   * @param limits read each time, so that they may change
   * @param held counts the bytes of all threads of the server
   */
  constructor(limits: () => UnreadLimits, held: Count = new LocalCount()) {
    this.#limits = limits
    this.#held = held
  }

  /** Bytes that wait for their clients, and that their answers take, about. */
  get held(): number {
    return this.#held.value + this.#making
  }

  get hasRoom(): boolean {
    return this.#held.value < this.#limits().bytes
  }

  /** Called before a long answer is begun. @throws `busy` */
  admit(): void {
    if (this.#mayBegin) return
    this.#cutOff()
    if (!this.#mayBegin) throw fail('busy')
  }

  /**
   * Opens the account of one answer, to be closed.
   *
   * @param cutOff ends the answer, as its client takes nothing of it
   */
  open(cutOff: () => void): UnreadAnswer {
    return new UnreadAnswer(this, cutOff)
  }

  /** Resolves when there is room again. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve()
    return new Promise(resolve => {
      const look = (): void => {
        if (!this.hasRoom) return
        clearInterval(timer)
        this.#waiting.delete(look)
        resolve()
      }
      // Room is also made by time, and by answers of other threads.
      const timer = setInterval(() => {
        if (!this.hasRoom) this.#cutOff()
        look()
      }, LOOK_AGAIN_MS)
      timer.unref()
      this.#waiting.add(look)
    })
  }

  /** Called by the answers: counts bytes, negative ones when they were taken. */
  add(bytes: number): void {
    this.#held.add(bytes)
    if (bytes < 0) for (const look of this.#waiting) look()
  }

  /** Called by the answers: counts bytes that making them takes, negative ones when they are done. */
  make(bytes: number): void {
    this.#making += bytes
  }

  /** Called by the answers: notes that a client takes nothing, or that it took something. */
  note(answer: UnreadAnswer, isStalled: boolean): void {
    if (!isStalled) this.#stalled.delete(answer)
    else if (!this.#stalled.has(answer)) {
      this.#stalled.set(answer, performance.now())
      this.#timer ??= setInterval(() => this.#look(), LOOK_AGAIN_MS).unref()
    }
  }

  get #mayBegin(): boolean {
    return this.held < this.#limits().bytes
  }

  #look(): void {
    if (!this.#mayBegin) this.#cutOff()
    if (this.#stalled.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #cutOff(): void {
    const before = performance.now() - this.#limits().timeoutMs
    for (const [answer, since] of this.#stalled) {
      if (since > before) return
      answer.cutOff()
      answer.close()
    }
  }
}
