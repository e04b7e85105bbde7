/** A number that is added to and asked for. */
export interface Count {
  readonly value: number
  add(by: number): void
}

/** A count of this thread alone. */
export class LocalCount implements Count {
  value = 0

  add(by: number): void {
    this.value += by
  }
}

/** Names of the counts that the threads of a server share. */
const COUNTED = ['connections', 'bodies', 'unread'] as const

export type CountName = (typeof COUNTED)[number]

/** Counts that several threads add to, each in a row of its own, so that what a thread held goes when it ends. */
export class SharedCounts {
  readonly buffer: SharedArrayBuffer
  readonly #values: BigInt64Array

  /** @param threads how many rows there are, or the buffer of another thread's counts */
  constructor(threads: number | SharedArrayBuffer) {
    this.buffer = typeof threads === 'number' ? new SharedArrayBuffer(threads * COUNTED.length * 8) : threads
    this.#values = new BigInt64Array(this.buffer)
  }

  /** Returns the count as a thread adds to it; its value is that of all threads. */
  of(thread: number, name: CountName): Count {
    const values = this.#values
    const column = COUNTED.indexOf(name)
    const own = thread * COUNTED.length + column
    return {
      get value() {
        let sum = 0n
        for (let at = column; at < values.length; at += COUNTED.length) sum += Atomics.load(values, at)
        return Number(sum)
      },
      add: by => void Atomics.add(values, own, BigInt(by)),
    }
  }

  /** Takes back what a thread that has ended still counted. */
  clear(thread: number): void {
    for (let column = 0; column < COUNTED.length; column++) {
      Atomics.store(this.#values, thread * COUNTED.length + column, 0n)
    }
  }
}
