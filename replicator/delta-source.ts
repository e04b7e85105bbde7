import { hash } from 'node:crypto'
import { applyDelta } from '../protocol/delta/apply.ts'
import type { RevisionDelta } from '../protocol/delta/revision-delta.ts'
import { asDocId } from '../protocol/document-id.ts'
import { renderDocument } from '../protocol/document/render.ts'
import { asRev, generationOf } from '../protocol/revision.ts'
import { ForwardingPeer } from './forwarding-peer.ts'
import type { DatabaseInfo, FetchedRevision, MissingRevisions, Peer } from './peer.ts'
import type { DeltaCounts, ReplicationPlan } from './replication-plan.ts'

/**
 * Returns a source that sends deltas; undefined where it does not, or they would not fit: the bodies of masked copies are not
 * those of the source.
 */
export function deltaSource(
  source: DatabaseInfo & { readonly peer: Peer },
  target: DatabaseInfo & { readonly peer: Peer },
  { isMasked = false, maxDeltaResult = 0 }: Pick<ReplicationPlan, 'isMasked' | 'maxDeltaResult'>,
): DeltaSource | undefined {
  if (isMasked || target.isMasked === true || source.sendsDeltas !== true) return undefined
  if (maxDeltaResult === 0 || target.peer.isNear !== true) return undefined
  return new DeltaSource(source.peer, target.peer, maxDeltaResult)
}

/**
 * A source that sends changed documents as deltas of revisions that the target has. What comes out of a delta is
 * verified by its digest; where it is something else, the document is fetched whole.
 */
export class DeltaSource extends ForwardingPeer {
  readonly #target: Pick<Peer, 'readBase'>
  readonly #maxBytes: number
  #counts: DeltaCounts = { documents: 0, savedBytes: 0, failed: 0 }

  /** @param maxBytes longest body that is made of a delta */
  constructor(source: Peer, target: Pick<Peer, 'readBase'>, maxBytes: number) {
    super(source)
    this.#target = target
    this.#maxBytes = maxBytes
  }

  get counts(): DeltaCounts {
    return this.#counts
  }

  override async *bulkGet(
    wanted: readonly MissingRevisions[],
    signal: AbortSignal,
  ): AsyncGenerator<FetchedRevision[]> {
    const bases = new Map(wanted.map(({ id, possibleAncestors }) => [id, possibleAncestors]))
    for await (const found of this.peer.bulkGet(wanted, signal, { deltas: true })) {
      const whole: FetchedRevision[] = []
      for (const revision of found)
        whole.push(
          revision.kind === 'delta' ? await this.#whole(revision.described, bases, signal) : revision,
        )
      yield whole
    }
  }

  /** @param bases revisions that deltas may be made of, by document */
  async #whole(
    described: RevisionDelta,
    bases: ReadonlyMap<string, readonly string[]>,
    signal: AbortSignal,
  ): Promise<FetchedRevision> {
    const { id, rev, base, delta } = described
    // A source that named another base could learn by trying what this database holds.
    const isNamed = bases.get(id)?.includes(base) === true
    const json = isNamed ? await this.#applied(described, signal) : undefined
    const { documents, savedBytes, failed } = this.#counts
    if (json === undefined) {
      this.#counts = { documents, savedBytes, failed: failed + 1 }
      return { kind: 'attachments', id, rev }
    }
    // In an answer a delta is text, in base64.
    const saved = json.length - Math.ceil(delta.length / 3) * 4
    this.#counts = { documents: documents + 1, savedBytes: savedBytes + saved, failed }
    return { kind: 'document', json }
  }

  async #applied(described: RevisionDelta, signal: AbortSignal): Promise<Buffer | undefined> {
    const { id, rev, base, deleted, ids, digest, delta } = described
    const known = await this.#target.readBase?.(id, base, signal)
    const body = known && applyDelta(known.body, delta, this.#maxBytes)
    if (known === undefined || body === undefined || hash('sha256', body, 'base64url') !== digest)
      return undefined
    const revisions = { start: generationOf(asRev(rev)), ids: [...ids, ...known.ids] }
    const extras = `,"_revisions":${JSON.stringify(revisions)}`
    return renderDocument({ id: asDocId(id), rev: asRev(rev), deleted, body, extras })
  }
}
