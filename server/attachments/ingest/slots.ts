/** A piece of memory that threads share: bytes go through it to a worker without being allocated anew each time. */
export interface Slot {
  readonly number: number
  readonly bytes: Uint8Array
  readonly memory: SharedArrayBuffer
}

export const SLOT_BYTES = 256 * 1024
/** 64 MiB for all uploads together; more of them wait for one another. */
const MAX_SLOTS = 256

/** The shared memory of all uploads: lent to one at a time, taken back when the worker is done with it. */
export class Slots {
  readonly #all = new Map<number, Slot>()
  readonly #free: Slot[] = []
  readonly #waiting: ((slot: Slot) => void)[] = []
  #last = 0

  /** A slot, as soon as there is one. */
  take(): Promise<Slot> {
    const slot = this.#free.pop()
    if (slot !== undefined) return Promise.resolve(slot)
    if (this.#all.size < MAX_SLOTS) return Promise.resolve(this.#make())
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  give(number: number): void {
    const slot = this.#all.get(number)
    if (slot === undefined) return
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#free.push(slot)
    else waiting(slot)
  }

  /** Forgets a slot that a lost thread may still write to. */
  lose(number: number): void {
    this.#all.delete(number)
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) waiting(this.#make())
  }

  #make(): Slot {
    const number = ++this.#last
    const memory = new SharedArrayBuffer(SLOT_BYTES)
    const slot = { number, memory, bytes: new Uint8Array(memory) }
    this.#all.set(number, slot)
    return slot
  }
}
