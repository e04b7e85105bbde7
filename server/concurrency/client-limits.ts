import { randomBytes } from 'node:crypto'

/** Limits of one client; 0 is no limit. */
export interface Limits {
  /** Requests a second, in the long run. */
  readonly rate: number
  /** Requests at once after a rest; 0 for those of one second. */
  readonly burst: number
  /** Requests that are being answered, without feeds that wait for changes. */
  readonly requests: number
  /** Feeds that wait for changes. */
  readonly feeds: number
}

export type RequestKind = 'requests' | 'feeds'

/** A request that was admitted: one of both is called, once. */
export interface Admitted {
  /** The answer has ended. */
  readonly leave: () => void
  /** The request is counted elsewhere. */
  readonly withdraw: () => void
}

/** A request that came too soon or is one too many. */
export interface Refused {
  /** Seconds after which another try may be admitted. */
  readonly retryAfter: number
}

/** Clients that are remembered; a power of 2. */
const SLOTS = 65_536
/** Places of the table where a client may be. */
const PROBES = 8
const KINDS = { requests: 0, feeds: 1 } as const
const SEED_BYTES = 8
const SECOND = 1_000_000

/**
 * Counts the requests of each client against limits: a rate with a burst, and how many run at once. The threads of a server
 * count in one table, which lies in shared memory; each has a column of its own for what runs, so that what a thread held goes
 * when it ends. A client for whom there is no place takes that of one who was quiet for longer, which only gives that one a
 * new burst.
 */
export class ClientLimits {
  readonly buffer: SharedArrayBuffer
  readonly #thread: number
  readonly #threads: number
  readonly #now: () => number
  /** Of the hashes, so that nobody can choose the place of an address. */
  readonly #seeds: Int32Array
  /**
   * Microseconds at which a client's requests until now would have come, had they kept to its rate (the theoretical arrival time
   * of the generic cell rate algorithm): it may be ahead of the clock by a burst.
   */
  readonly #arrivals: BigInt64Array
  /** Second hash of the client in each place; 0: free. */
  readonly #tags: Int32Array
  readonly #running: Int32Array

  /**
   * @param shared number of threads, or the buffer of another thread's limits
   * @param thread number of this thread
   * @param now milliseconds of a clock that is never set, and the same in all threads
   */
  constructor(shared: number | SharedArrayBuffer = 1, thread = 0, now: () => number = monotonic) {
    this.buffer = typeof shared === 'number' ? newTable(shared) : shared
    this.#thread = thread
    this.#now = now
    const arrivals = SEED_BYTES
    const tags = arrivals + 8 * SLOTS
    const running = tags + 4 * SLOTS
    this.#threads = (this.buffer.byteLength - running) / (8 * SLOTS)
    this.#seeds = new Int32Array(this.buffer, 0, 2)
    this.#arrivals = new BigInt64Array(this.buffer, arrivals, SLOTS)
    this.#tags = new Int32Array(this.buffer, tags, SLOTS)
    this.#running = new Int32Array(this.buffer, running)
  }

  enter(key: string, kind: RequestKind, limits: Limits): Admitted | Refused {
    const slot = this.#slotOf(key)
    const own = this.#column(slot, kind, this.#thread)
    const leave = (): void => void Atomics.sub(this.#running, own, 1)
    Atomics.add(this.#running, own, 1)
    const most = limits[kind]
    // When one of them ends is not known.
    const wait =
      most > 0 && this.#runningOf(slot, kind) > most ? 1 : limits.rate > 0 ? this.#takeToken(slot, limits) : 0
    if (wait > 0) {
      leave()
      return { retryAfter: wait }
    }
    return {
      leave,
      withdraw: () => {
        leave()
        if (limits.rate > 0) Atomics.sub(this.#arrivals, slot, BigInt(Math.floor(SECOND / limits.rate)))
      },
    }
  }

  /** Takes back what a thread that has ended still counted. */
  clear(thread: number): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      for (const kind of ['requests', 'feeds'] as const)
        Atomics.store(this.#running, this.#column(slot, kind, thread), 0)
    }
  }

  /** Takes a token of the client's; returns 0, or after how many whole seconds there is one. */
  #takeToken(slot: number, { rate, burst }: Limits): number {
    const interval = SECOND / rate
    const ahead = ((burst > 0 ? burst : Math.max(1, rate)) - 1) * interval
    for (;;) {
      const seen = Atomics.load(this.#arrivals, slot)
      const now = this.#now() * 1000
      const arrival = Math.max(Number(seen), now)
      const early = arrival - now - ahead
      if (early > 0) return Math.max(1, Math.ceil(early / SECOND))
      const next = BigInt(Math.floor(arrival + interval))
      if (Atomics.compareExchange(this.#arrivals, slot, seen, next) === seen) return 0
    }
  }

  #slotOf(key: string): number {
    const tag = hash(key, this.#seeds[1]!) || 1
    const first = hash(key, this.#seeds[0]!)
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (first + probe) & (SLOTS - 1)
      const found = Atomics.load(this.#tags, slot)
      if (found === tag) return slot
      if (found !== 0) continue
      const before = Atomics.compareExchange(this.#tags, slot, 0, tag)
      if (before === 0 || before === tag) return slot
    }
    return this.#takePlace(first, tag)
  }

  /** Gives a client the place of the one that has nothing running and was quiet for longest; else they share one. */
  #takePlace(first: number, tag: number): number {
    let quietest: number | undefined
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (first + probe) & (SLOTS - 1)
      if (this.#runningOf(slot, 'requests') + this.#runningOf(slot, 'feeds') > 0) continue
      if (quietest === undefined || this.#arrivals[slot]! < this.#arrivals[quietest]!) quietest = slot
    }
    if (quietest === undefined) return first & (SLOTS - 1)
    Atomics.store(this.#tags, quietest, tag)
    Atomics.store(this.#arrivals, quietest, 0n)
    return quietest
  }

  #runningOf(slot: number, kind: RequestKind): number {
    let sum = 0
    for (let thread = 0; thread < this.#threads; thread++)
      sum += Atomics.load(this.#running, this.#column(slot, kind, thread))
    return sum
  }

  #column(slot: number, kind: RequestKind, thread: number): number {
    return (slot * this.#threads + thread) * 2 + KINDS[kind]
  }
}

function newTable(threads: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(SEED_BYTES + SLOTS * (12 + 8 * threads))
  new Uint8Array(buffer).set(randomBytes(SEED_BYTES))
  return buffer
}

/** Returns milliseconds of the system's monotonic clock; `performance.now()` counts from the start of each thread. */
function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The FNV-1a hash of 32 bits, with a seed, mixed once more at the end. */
function hash(text: string, seed: number): number {
  let value = seed
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16777619)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return value ^ (value >>> 13)
}
