import type { ServerResponse } from 'node:http'
import type { RequestKind } from './request-kind.ts'
import { isClosed } from '../http/response/is-closed.ts'

export interface RequestBounds {
  /** Most requests at a time, running and waiting; 0 for no bound. Read for each request. */
  readonly most: () => number
  /** Longest work of this thread before a request's turn comes, in milliseconds; 0 for no bound. */
  readonly waitMs: () => number
}

export interface AdmissionClock {
  /** Milliseconds that have passed. */
  readonly now: () => number
  /** Milliseconds of processor time that the process has used. */
  readonly work: () => number
}

interface WaitingRequest {
  readonly kind: RequestKind
  readonly res: ServerResponse
  readonly start: () => void
}

/** Time for new requests in one turn of the event loop: as much as the rest of the turn took, which is for those that run and those that come. */
const MIN_SLICE_MS = 2
const MAX_SLICE_MS = 50

/** Requests that may wait whatever the estimate says, as it knows nothing of what has just begun. */
const FEW_WAITING = 100

/** Work of a request where nothing is known yet. */
const FIRST_ESTIMATE_MS = 0.5
/** Weight of the last turn in the estimate. */
const WEIGHT = 0.1
/** A measure that began before would count work that no request caused. Asking the system for a new one takes as long as a small request's checks. */
const STALE_MS = 1000
/** A turn counts for at most so many times the estimate: one request that takes long says little of those behind it. */
const MOST_TIMES = 4

/**
 * Decides when requests begin, and which are refused. Requests that come one by one begin at once. Of many that come together some
 * begin in each turn of the event loop, in their order, so that those that run, heartbeats of feeds, probes and new connections have
 * their part of it. A request before which more work waits than `waitMs` is refused as it comes, before anything is spent on it,
 * and so is one past `most`: what was taken is answered soon, and clients that come back later find room.
 */
export class Admission {
  readonly #bounds: RequestBounds
  readonly #clock: AdmissionClock
  readonly #waiting: WaitingRequest[] = []
  /** The first of those that still wait. */
  #next = 0
  #running = 0
  /** Beginning of the first request of the present turn; undefined before. */
  #turnBegan: number | undefined
  /** Set while requests wait, and a turn that begins them is to come. */
  #isServing = false
  #sliceEnded = 0
  #estimateMs = FIRST_ESTIMATE_MS
  #measured = { now: 0, work: 0, begun: 0 }
  readonly #leave = (): void => void (this.#running -= 1)
  readonly #endTurn = (): void => void (this.#turnBegan = undefined)
  readonly #runTurn = (): void => this.#beginTurn()

  constructor(bounds: RequestBounds, clock: AdmissionClock = CLOCK) {
    this.#bounds = bounds
    this.#clock = clock
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length - this.#next
  }

  /** Requests that are being answered, feeds and probes not counted. */
  get running(): number {
    return this.#running
  }

  /**
   * Has a request begin, now or in its turn. Probes always begin now; feeds, which wait and cost nothing meanwhile, are never refused.
   *
   * @returns false for a request that is to be refused
   */
  admit(kind: RequestKind, res: ServerResponse, start: () => void): boolean {
    if (kind === 'probe') {
      start()
      return true
    }
    if (kind === 'request' && this.#isFull()) return false
    const request = { kind, res, start }
    if (this.waiting === 0 && this.#isTurnFree()) this.#begin(request)
    else this.#enqueue(request)
    return true
  }

  #isFull(): boolean {
    const most = this.#bounds.most()
    const { waiting } = this
    if (most > 0 && this.#running + waiting >= most) return true
    if (waiting < FEW_WAITING) return false
    const waitMs = this.#bounds.waitMs()
    return waitMs > 0 && waiting * this.#estimateMs > waitMs
  }

  #isTurnFree(): boolean {
    const now = this.#clock.now()
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now
      setImmediate(this.#endTurn)
      return true
    }
    return now - this.#turnBegan < MIN_SLICE_MS
  }

  #enqueue(request: WaitingRequest): void {
    this.#waiting.push(request)
    if (this.#isServing) return
    this.#isServing = true
    this.#sliceEnded = this.#clock.now()
    if (this.#sliceEnded - this.#measured.now > STALE_MS) {
      this.#measured = { now: this.#sliceEnded, work: this.#clock.work(), begun: 0 }
    }
    setImmediate(this.#runTurn)
  }

  /** Begins requests until the slice is over. What each does before it first waits is part of it, so the next is begun after that. */
  #beginTurn(): void {
    this.#measure()
    const began = this.#clock.now()
    const end = began + Math.min(MAX_SLICE_MS, Math.max(MIN_SLICE_MS, began - this.#sliceEnded))
    const goOn = (): void => {
      const now = this.#clock.now()
      if (this.waiting === 0) this.#isServing = false
      else if (now < end) beginOne()
      else {
        this.#sliceEnded = now
        setImmediate(this.#runTurn)
      }
    }
    const beginOne = (): void => {
      this.#begin(this.#takeFirst())
      queueMicrotask(() => process.nextTick(goOn))
    }
    beginOne()
  }

  #takeFirst(): WaitingRequest {
    const request = this.#waiting[this.#next]!
    this.#next += 1
    if (this.#next === this.#waiting.length || this.#next >= COMPACT_AT) {
      this.#waiting.splice(0, this.#next)
      this.#next = 0
    }
    return request
  }

  #begin({ kind, res, start }: WaitingRequest): void {
    this.#measured.begun += 1
    // Who has gone meanwhile needs no answer.
    if (isClosed(res)) return
    if (kind === 'request') {
      this.#running += 1
      res.once('close', this.#leave)
    }
    start()
  }

  /**
   * Estimates what each request that waits costs: all work of the last turn, for however many began in it. Processor time decides where it is less
   * than what passed, as a turn takes long also on a machine that is busy with something else.
   */
  #measure(): void {
    const { now, work, begun } = this.#measured
    const next = { now: this.#clock.now(), work: this.#clock.work(), begun: 0 }
    this.#measured = next
    if (begun === 0) return
    const each = Math.min(next.now - now, next.work - work) / begun
    this.#estimateMs += WEIGHT * (Math.min(each, MOST_TIMES * this.#estimateMs) - this.#estimateMs)
  }
}

/** Requests that have begun are removed from the queue so many at a time. */
const COMPACT_AT = 1024

const CLOCK: AdmissionClock = {
  now: () => performance.now(),
  work: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
}
