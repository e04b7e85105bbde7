/** The kinds of differences between two databases. */
export type DifferenceKind = 'missing' | 'winner' | 'leaves'

/** A document of which one side lacks revisions that the other has as leaves. */
export interface Difference {
  readonly id: string
  /** The side lacks the whole document; it has another winner; or it has the same winner and other leaves. */
  readonly kind: DifferenceKind
  readonly missing_in: 'source' | 'target'
  /** Leaves of the other side, deleted ones too. */
  readonly revs: readonly string[]
  /** Of kind `winner`: the winner of either side. */
  readonly winners?: Winners
}

interface Winners {
  readonly source: string
  readonly target: string
}

/**
 * A document whose leaves differ although neither side lacks a revision: a leaf of one side has descendants on the other,
 * which know nothing of it, or a leaf is deleted on one side alone. No replication makes them equal.
 */
export interface LeafDifference {
  readonly id: string
  readonly kind: 'winner' | 'leaves'
  readonly missing_in?: undefined
  /** Leaves of one side alone, or leaves that are deleted on one side. */
  readonly revs: readonly string[]
  readonly winners?: Winners
}

/** A body, or an attachment, that differs under the same revision: one side is damaged. */
export interface ContentDifference {
  readonly id: string
  readonly kind: 'body' | 'attachment'
  readonly missing_in?: undefined
  readonly rev: string
  /** Name of the attachment. */
  readonly name?: string
  /** The side that is wrong, as the other's content proves the revision; missing where that cannot be told. */
  readonly damaged?: 'source' | 'target'
}

/** A revision that a side lists, and cannot give. */
export interface UnreadableRevision {
  readonly id: string
  readonly kind: 'unreadable'
  readonly missing_in?: undefined
  readonly rev: string
  readonly side: 'source' | 'target'
  readonly reason: string
  /** The side, where the other's content proves the revision. */
  readonly damaged?: 'source' | 'target'
}

/** Position of a comparison. One that is `from` the id goes on from there. */
export interface ComparisonProgress {
  readonly progress: {
    /** All documents below were compared; undefined at the beginning. */
    readonly from: string | undefined
    readonly source_documents: number
    readonly target_documents: number
  }
}

/** The end of a comparison. */
export interface ComparisonSummary {
  readonly summary: {
    /** True where both sides have the same leaves, and with `bodies` the same contents. */
    readonly equal: boolean
    /** Documents of each side that were compared, deleted ones too. */
    readonly source_documents: number
    readonly target_documents: number
    /** Documents of which the side lacks revisions. */
    readonly missing_in_source: number
    readonly missing_in_target: number
    /** Documents with another winner. */
    readonly other_winner: number
    /** Documents with other leaves of which neither side lacks a revision. */
    readonly other_leaves: number
    /** Bodies and attachments that differ under the same revision, or cannot be read. */
    readonly damaged: number
    /** One side is a masked copy: contents were not compared, although that was asked for. */
    readonly masked?: boolean
  }
}

/** A difference of either kind, or a revision that could not be looked at. */
export type ComparedDocument = Difference | LeafDifference | ContentDifference | UnreadableRevision

export type ComparisonLine = ComparedDocument | ComparisonProgress | ComparisonSummary
