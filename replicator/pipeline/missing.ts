import type { Change, MissingRevisions, Peer } from '../peer.ts'

/** Share of recently offered revisions that the target must lack for `_revs_diff` to be skipped. */
const SKIP_ABOVE = 0.98
const WEIGHT = 0.3
/** Batches after which `_revs_diff` is sent even then, to notice when that changes. */
const ASK_EVERY = 10

/**
 * Asks the target what it lacks, or supposes that it lacks everything while it has lacked nearly everything: a revision
 * that is sent in vain changes nothing.
 */
export class MissingFinder {
  readonly #target: Peer
  #share: number
  #batches = 0

  /** @param empty whether the target has no documents yet */
  constructor(target: Peer, empty: boolean) {
    this.#target = target
    this.#share = empty ? 1 : 0
  }

  async find(changes: readonly Change[], signal: AbortSignal): Promise<readonly MissingRevisions[]> {
    const mayAsk = this.#target.isShared || (this.#target.isNear === true && hasEdits(changes))
    if (!mayAsk && this.#share > SKIP_ABOVE && ++this.#batches % ASK_EVERY !== 0)
      return changes.map(supposeMissing)
    const missing = await this.#target.revsDiff(changes, signal)
    const share = countRevisions(missing) / Math.max(1, countRevisions(changes))
    this.#share += WEIGHT * (share - this.#share)
    return missing
  }

  /** Returns those of the revisions that the target lacks. */
  among(wanted: readonly MissingRevisions[], signal: AbortSignal): Promise<MissingRevisions[]> {
    return this.#target.revsDiff(wanted, signal)
  }
}

export function countRevisions(rows: readonly { readonly revs: readonly string[] }[]): number {
  let count = 0
  for (const { revs } of rows) count += revs.length
  return count
}

/** An edit may have an ancestor at the target, which spares attachments and the rest of the document. */
function hasEdits(changes: readonly Change[]): boolean {
  return changes.some(({ revs }) => revs.some(rev => !rev.startsWith('1-')))
}

function supposeMissing({ id, revs }: Change): MissingRevisions {
  return { id, revs, possibleAncestors: [] }
}
