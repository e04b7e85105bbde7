import { PeerError } from '../peer-error.ts'
import type { MissingRevisions } from '../peer.ts'

/** Leaves that an answer may have beyond the requested revisions. */
const MAX_EXTRA_LEAVES = 10_000

/** Revisions of a request that have not been answered yet. */
export class Unanswered {
  readonly #group: readonly MissingRevisions[]
  readonly #left: Map<string, number>
  readonly #url: string
  #extra = 0

  constructor(group: readonly MissingRevisions[], url: string) {
    this.#group = group
    this.#left = new Map(group.map(({ id, revs }) => [id, revs.length]))
    this.#url = url
  }

  /**
   * Notes a revision of a document.
   *
   * @returns false for a document that was not requested
   * @throws PeerError for an answer that does not come to an end
   */
  answered(id: string): boolean {
    const left = this.#left.get(id)
    if (left === undefined || left <= 0) this.#extra++
    if (this.#extra > MAX_EXTRA_LEAVES) {
      const reason = `${this.#url} answers with more revisions than were asked for`
      throw new PeerError('no_couchdb', reason, { transient: true })
    }
    if (left !== undefined) this.#left.set(id, left - 1)
    return left !== undefined
  }

  get rest(): MissingRevisions[] {
    return this.#group.filter(({ id }) => (this.#left.get(id) ?? 0) > 0)
  }
}
