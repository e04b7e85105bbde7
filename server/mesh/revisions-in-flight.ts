import type { MissingRevisions } from '../../replicator/peer.ts'

interface Claim {
  readonly owner: object
  readonly settled: Promise<void>
  readonly settle: () => void
}

/** Revisions of one database that jobs from several members are about to write: none is fetched twice at once. */
export class RevisionsInFlight {
  readonly #claims = new Map<string, Map<string, Claim>>()

  /** Returns when those revisions are settled that others are about to write; undefined where there are none. */
  othersOf(owner: object, missing: readonly MissingRevisions[]): Promise<unknown> | undefined {
    const waits: Promise<void>[] = []
    for (const { id, revs } of missing) {
      const claims = this.#claims.get(id)
      if (claims === undefined) continue
      for (const rev of revs) {
        const claim = claims.get(rev)
        if (claim !== undefined && claim.owner !== owner) waits.push(claim.settled)
      }
    }
    return waits.length === 0 ? undefined : Promise.all(waits)
  }

  /** Claims revisions for a job, unless another one did. */
  claim(owner: object, missing: readonly MissingRevisions[]): void {
    for (const { id, revs } of missing) {
      let claims = this.#claims.get(id)
      if (claims === undefined) this.#claims.set(id, (claims = new Map<string, Claim>()))
      for (const rev of revs) if (!claims.has(rev)) claims.set(rev, newClaim(owner))
    }
  }

  /** Ends a job's claims on a document: it was written, or refused. */
  settle(owner: object, id: string): void {
    const claims = this.#claims.get(id)
    if (claims === undefined) return
    for (const [rev, claim] of claims)
      if (claim.owner === owner) {
        claims.delete(rev)
        claim.settle()
      }
    if (claims.size === 0) this.#claims.delete(id)
  }

  /** Ends all claims of a job that has ended. */
  settleAll(owner: object): void {
    for (const id of [...this.#claims.keys()]) this.settle(owner, id)
  }
}

function newClaim(owner: object): Claim {
  let settle = (): void => undefined
  const settled = new Promise<void>(resolve => (settle = resolve))
  return { owner, settled, settle }
}
