import { PeerError } from '../peer-error.ts'

/** Limits of the memory for peers' answers, in bytes. */
export interface PeerLimits {
  /** The longest JSON answer that is no list of rows or documents. */
  readonly maxAnswer: number
  /** Most values of a JSON answer: each takes more memory than its bytes. */
  readonly maxValues: number
  /** The longest document without its attachments. */
  readonly maxDocument: number
  /** The longest row of a changes feed. */
  readonly maxRow: number
  /** All that is held of all peers' answers until it is complete. */
  readonly maxMemory: number
}

const MIB = 1024 * 1024

export const PEER_LIMITS: PeerLimits = {
  maxAnswer: 16 * MIB,
  maxValues: 500_000,
  maxDocument: 64 * MIB,
  maxRow: 8 * MIB,
  maxMemory: 256 * MIB,
}

/** Bytes that every answer may hold regardless of the others, so that small answers continue beside large ones. */
const FREE_BYTES = MIB

/** Counts what is held of all answers under way. */
export class HeldMemory {
  readonly #max: () => number
  #bytes = 0

  constructor(max: () => number) {
    this.#max = max
  }

  get bytes(): number {
    return this.#bytes
  }

  open(request: string): HeldBytes {
    return new HeldBytes(this, request)
  }

  /** Changes the count; false where there is no room for more. */
  add(difference: number): boolean {
    if (difference > 0 && this.#bytes + difference > this.#max()) return false
    this.#bytes += difference
    return true
  }
}

/** Memory held for one answer. */
export class HeldBytes {
  readonly #memory: HeldMemory
  readonly #request: string
  #counted = 0

  constructor(memory: HeldMemory, request: string) {
    this.#memory = memory
    this.#request = request
  }

  /** @throws PeerError `overloaded` where all answers together hold too much; the request may be sent again */
  set(bytes: number): void {
    const counted = bytes <= FREE_BYTES ? 0 : bytes
    if (counted === this.#counted) return
    if (!this.#memory.add(counted - this.#counted)) {
      const reason = `there is no room for the answer to ${this.#request} beside those of other peers`
      throw new PeerError('overloaded', reason, { status: 503, transient: true })
    }
    this.#counted = counted
  }

  /** Idempotent. */
  release(): void {
    this.#memory.add(-this.#counted)
    this.#counted = 0
  }
}
