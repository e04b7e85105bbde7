import { bufferOf } from '../../../../protocol/bytes.ts'

/** A group that was read whole: the row that is answered, and where the walk goes on behind it. */
export interface KnownGroup {
  readonly row: string
  readonly next: Uint8Array
}

const MAX_GROUPS = 4096
const MAX_ROW_LENGTH = 1024

/**
 * Large groups of a view at one sequence of its index, by where a walk came upon them: queries for other ranges of the
 * same groups are answered by them. At most some megabytes; when it is full it is cleared.
 */
export class GroupCache {
  readonly #groups = new Map<string, KnownGroup>()

  get isEmpty(): boolean {
    return this.#groups.size === 0
  }

  get(walk: string, from: Uint8Array): KnownGroup | undefined {
    return this.#groups.get(walk + latin1(from))
  }

  /** @param walk what else the group depends on: its level and direction */
  put(walk: string, from: Uint8Array, group: KnownGroup): void {
    if (group.row.length > MAX_ROW_LENGTH) return
    if (this.#groups.size >= MAX_GROUPS) this.#groups.clear()
    this.#groups.set(walk + latin1(from), group)
  }
}

function latin1(key: Uint8Array): string {
  return bufferOf(key).toString('latin1')
}
