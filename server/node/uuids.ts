import { randomBytes, randomInt } from 'node:crypto'
import type { Config } from '../config/config.ts'

/** The largest suffix of `sequential` ids: six hex digits, with room for one more step. */
const MAX_SUFFIX = 0xfff000
const MAX_STEP = 0xffe

/** Makes ids by `[uuids] algorithm` (`couch_uuids`). Those of `sequential` lie side by side in the store. */
export class Uuids {
  readonly #config: Config
  #prefix = ''
  #suffix = Infinity
  #lastMicrosecond = 0

  constructor(config: Config) {
    this.#config = config
  }

  next(): string {
    switch (this.#config.text('uuids', 'algorithm')) {
      case 'random':
        return randomBytes(16).toString('hex')
      case 'utc_random':
        return this.#time() + randomBytes(9).toString('hex')
      case 'utc_id':
        return this.#time() + this.#config.text('uuids', 'utc_id_suffix')
      default:
        return this.#sequential()
    }
  }

  #sequential(): string {
    this.#suffix += randomInt(1, MAX_STEP)
    if (this.#suffix >= MAX_SUFFIX) {
      this.#prefix = randomBytes(13).toString('hex')
      this.#suffix = randomInt(1, MAX_STEP)
    }
    return this.#prefix + this.#suffix.toString(16).padStart(6, '0')
  }

  /** Microseconds since 1970 in fourteen hex digits, a later one each time. */
  #time(): string {
    const now = Math.floor((performance.timeOrigin + performance.now()) * 1000)
    this.#lastMicrosecond = Math.max(now, this.#lastMicrosecond + 1)
    return this.#lastMicrosecond.toString(16).padStart(14, '0')
  }
}
