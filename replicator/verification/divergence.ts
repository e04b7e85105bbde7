import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { MissingDocument } from './look.ts'
import type { Refusals } from './refusals.ts'
import { isComparable, isMissing } from './refusals.ts'

/** A document of which the target lacks revisions that the job has passed. */
export interface DivergentDocument {
  readonly id: string
  readonly revs: readonly string[]
  /** ISO 8601. */
  readonly since: string
  readonly reason: string
}

/** A document that differed in a comparison and may be on its way to the target. */
export interface InFlightDocument {
  readonly id: string
  readonly revs: readonly string[]
  /** Time of the comparison that first found it, ISO 8601. */
  readonly since: string
  /** Sequence of the source at that time. */
  readonly seq: SourceSeq
}

/** Outcome of replicating the documents that differed. */
export interface RepairRecord {
  /** ISO 8601. */
  readonly at: string
  readonly documents: number
  readonly repaired: number
  /** Documents that still differ. */
  readonly failed: number
  /** Why one of them does, or why the repair broke off. */
  readonly reason: string | null
}

/** Divergence of a job, as listings show it. */
export interface DivergenceReport {
  /** Documents that stay different, those that the target refused too. */
  readonly documents: number
  readonly refused: number
  readonly inFlight: number
  /** Since when the first of them differs. */
  readonly since: Date | null
  readonly first: readonly DivergentDocument[]
  /** End of the last comparison that came to its end. */
  readonly checkedAt: Date | null
  /** Why the last comparison did not; null if it did. */
  readonly error: string | null
  readonly repairs: RepairTotals
}

/** Repairs of a job since its document was written. */
export interface RepairTotals {
  readonly repaired: number
  readonly failed: number
  readonly last: RepairRecord | null
}

/** State of a divergence as it is stored. */
export interface StoredDivergence {
  readonly triedAt: string
  readonly checkedAt: string | null
  readonly error: string | null
  readonly staying: readonly DivergentDocument[]
  readonly inFlight: readonly InFlightDocument[]
  readonly untracked: number
  readonly repairs: RepairTotals
}

/** Result of one comparison of source and target. */
export interface Look {
  /** By the clock on the wall, before the comparison. */
  readonly startedAt: Date
  readonly endedAt: Date
  /** Sequence of the source behind which nothing was compared. */
  readonly seq: SourceSeq
  /** Tells whether the job had moved everything up to that comparison when this one began. */
  readonly passed: (document: InFlightDocument) => boolean
  readonly missing: ReadonlyMap<string, MissingDocument>
  /** Documents that differ and are not in `missing`, as there are too many. */
  readonly untracked: number
}

const FIRST_SHOWN = 10
const PASSED = 'the target lacks it, although the job has passed it'

/**
 * Documents of a job's source that are not on its target. A document that differs in one comparison may be on its way; it
 * stays different if it still lacks the same revision in a later one, before which the job moved everything that the source
 * had at the first. Documents that the target refused are different at once.
 */
export class Divergence {
  readonly refusals: Refusals
  #staying = new Map<string, DivergentDocument>()
  #inFlight = new Map<string, InFlightDocument>()
  #untracked = 0
  #triedAt = new Date()
  #checkedAt: Date | null = null
  #error: string | null = null
  #repairs: RepairTotals = { repaired: 0, failed: 0, last: null }
  #listed: { readonly of: string; readonly documents: readonly DivergentDocument[] } | undefined
  #version = 0

  constructor(refusals: Refusals, stored?: StoredDivergence) {
    this.refusals = refusals
    if (stored === undefined) return
    this.#staying = new Map(stored.staying.map(document => [document.id, document]))
    this.#inFlight = new Map(stored.inFlight.map(document => [document.id, document]))
    this.#untracked = stored.untracked
    this.#triedAt = new Date(stored.triedAt)
    this.#checkedAt = stored.checkedAt === null ? null : new Date(stored.checkedAt)
    this.#error = stored.error
    this.#repairs = stored.repairs
  }

  /** Time of the last comparison, whether it came to its end or not; before any, when the job was made. */
  get triedAt(): Date {
    return this.#triedAt
  }

  /** The documents that stay different and those that were refused, that of longest ago first. */
  get documents(): readonly DivergentDocument[] {
    const of = `${this.#version} ${this.refusals.version}`
    if (this.#listed?.of !== of) this.#listed = { of, documents: this.#list() }
    return this.#listed.documents
  }

  get report(): DivergenceReport {
    const { documents, refusals } = this
    const refused = new Set(refusals.list.filter(isMissing).map(({ id }) => id))
    const inFlight = [...this.#inFlight.keys()].filter(id => !refused.has(id)).length
    const [oldest] = documents
    return {
      documents: documents.length + refusals.unlisted,
      refused: refused.size + refusals.unlisted,
      inFlight: inFlight + this.#untracked,
      since: oldest === undefined ? null : new Date(oldest.since),
      first: documents.slice(0, FIRST_SHOWN),
      checkedAt: this.#checkedAt,
      error: this.#error,
      repairs: this.#repairs,
    }
  }

  get stored(): StoredDivergence {
    return {
      triedAt: this.#triedAt.toISOString(),
      checkedAt: this.#checkedAt?.toISOString() ?? null,
      error: this.#error,
      staying: [...this.#staying.values()],
      inFlight: [...this.#inFlight.values()],
      untracked: this.#untracked,
      repairs: this.#repairs,
    }
  }

  /** Returns true if the document is known to differ, so that a comparison must not lose sight of it. */
  knows(id: string): boolean {
    return this.#staying.has(id) || this.#inFlight.has(id) || this.refusals.has(id)
  }

  /** Takes the result of a comparison. */
  looked(look: Look): void {
    const staying = new Map<string, DivergentDocument>()
    const inFlight = new Map<string, InFlightDocument>()
    for (const [id, document] of look.missing) {
      const known = this.#staying.get(id) ?? this.#passedOver(document, look)
      if (known) staying.set(id, { ...known, revs: document.revs })
      else inFlight.set(id, this.#seenBefore(document) ?? seenFirst(document, look))
    }
    this.#staying = staying
    this.#inFlight = inFlight
    this.#untracked = look.untracked
    this.#checkedAt = look.endedAt
    this.#triedAt = look.endedAt
    this.#error = null
    this.#settleRefusals(look)
    this.#version++
  }

  /** Notes that a comparison did not come to its end. */
  failed(reason: string): void {
    this.#triedAt = new Date()
    this.#error = reason
  }

  /** Takes the result of a repair. */
  repaired(record: RepairRecord, ids: Iterable<string>): void {
    for (const id of ids) {
      this.#staying.delete(id)
      for (const failure of this.refusals.list)
        if (failure.id === id && isComparable(failure)) this.refusals.remove(failure)
    }
    const { repaired, failed } = this.#repairs
    this.#repairs = {
      repaired: repaired + record.repaired,
      failed: failed + record.failed,
      last: record,
    }
    this.#version++
  }

  #seenBefore({ id, revs }: MissingDocument): InFlightDocument | undefined {
    const known = this.#inFlight.get(id)
    return known?.revs.some(rev => revs.includes(rev)) ? { ...known, revs } : undefined
  }

  #passedOver(document: MissingDocument, look: Look): DivergentDocument | undefined {
    const known = this.#seenBefore(document)
    if (known === undefined || !look.passed(known)) return undefined
    return { id: known.id, revs: known.revs, since: known.since, reason: PASSED }
  }

  /** Refused revisions that a complete comparison did not find missing are on the target, or gone from the source. */
  #settleRefusals({ startedAt, missing, untracked }: Look): void {
    for (const failure of this.refusals.list) {
      if (!isComparable(failure) || Date.parse(failure.last) >= startedAt.getTime()) continue
      if (missing.get(failure.id)?.revs.includes(failure.rev) !== true) this.refusals.remove(failure)
    }
    if (untracked === 0) this.refusals.forgetUnlisted()
  }

  #list(): DivergentDocument[] {
    const documents = new Map(this.#staying)
    for (const { id, rev, first, status, error, reason } of this.refusals.list.filter(isMissing)) {
      const known = documents.get(id)
      documents.set(id, {
        id,
        revs: rev === '' || known?.revs.includes(rev) ? (known?.revs ?? []) : [...(known?.revs ?? []), rev],
        since: known !== undefined && known.since < first ? known.since : first,
        reason: `${status > 0 ? `${status} ` : ''}${error}: ${reason}`,
      })
    }
    return [...documents.values()].sort((a, b) => (a.since < b.since ? -1 : Number(a.since > b.since)))
  }
}

function seenFirst({ id, revs, seq }: MissingDocument, look: Look): InFlightDocument {
  return { id, revs, since: look.endedAt.toISOString(), seq: seq ?? look.seq }
}
