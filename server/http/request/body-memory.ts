import { type Count, LocalCount } from '../../concurrency/shared-count.ts'
import type { Config } from '../../config/config.ts'
import { fail } from '../../../protocol/errors.ts'

/** Bodies smaller than this are not counted: counting would cost more than they do. */
const STEP = 1024 * 1024

export interface BodyLimits {
  /** Bytes of all bodies together. */
  readonly all: number
  /** Bytes of one of them. */
  readonly one: number
}

/**
 * Bounds what request bodies that are held in memory take, inflated, one and all together. Past it requests are refused, not
 * queued.
 */
export class BodyMemory {
  readonly #limits: () => BodyLimits
  readonly #held: Count

  /**
   * @param limits read each time, so that they may change
   * @param held counts the bytes of all threads of the server
   */
  constructor(limits: () => BodyLimits, held: Count = new LocalCount()) {
    this.#limits = limits
    this.#held = held
  }

  /** Bytes of all bodies that are held, in steps of a mebibyte. */
  get held(): number {
    return this.#held.value
  }

  /** Returns the account of one request: it counts the bytes that are held, and is released when the request is over. */
  open(): HeldBody {
    let held = 0
    return {
      grow: size => {
        const needed = Math.floor(size / STEP) * STEP - held
        if (needed <= 0) return
        const { all, one } = this.#limits()
        if (size > one)
          throw fail('tooLarge', `the request entity has more than ${one} bytes that are held at once`)
        if (this.#held.value + needed > all) throw fail('busy')
        this.#held.add(needed)
        held += needed
      },
      release: () => {
        this.#held.add(-held)
        held = 0
      },
    }
  }
}

export interface HeldBody {
  /** @param size bytes so far. @throws `busy`, `too_large` */
  readonly grow: (size: number) => void
  readonly release: () => void
}

/** Returns the bounds of bodies as they are configured now. */
export function bodyLimits(config: Pick<Config, 'integer'>): BodyLimits {
  return {
    all: config.integer('couchette', 'max_body_memory'),
    one: config.integer('couchette', 'max_body_memory_per_request'),
  }
}
