import type { SourceSeq } from '../../protocol/checkpoint.ts'
import { parseSeq } from '../../protocol/sequence.ts'
import type { Database } from './database.ts'
import { readInternalSetting, writeInternalSetting } from './internal-settings.ts'
import { ownSequenceNumber } from './own-sequence.ts'
import { SOURCE_SEQUENCES_SETTING } from './setting-names.ts'

/** The first `own` changes of a follower hold nothing that its source has behind its change number `source`. */
export type SequencePoint = readonly [source: number, own: number]

/**
 * The sequences of a follower's source, as the follower's own: who has seen the source up to a point has seen the follower
 * up to there. JSON of a setting of the database.
 */
export interface SourceSequences {
  /** Instance id of the source; null before it is known. */
  readonly instance: string | null
  /** Ascending in both numbers. */
  readonly points: readonly SequencePoint[]
  /** False where documents came from somewhere else, too: then there are no more points. */
  readonly isWhole: boolean
  /** Own sequence when the database was promoted; null while it follows. */
  readonly end: number | null
}

const MOST_POINTS = 256

/** Returns what a database knows of its source's sequences; undefined for one that never followed. */
export function readSourceSequences(database: Database): SourceSequences | undefined {
  return readInternalSetting<SourceSequences>(database, SOURCE_SEQUENCES_SETTING)
}

export function writeSourceSequences(database: Database, sequences: SourceSequences): Promise<undefined> {
  return writeInternalSetting(database, SOURCE_SEQUENCES_SETTING, sequences)
}

/**
 * The number of a sequence that this database gave out, or the source that it follows or followed.
 *
 * @param current the database's newest number
 * @returns undefined where nothing is known of the sequence
 * @throws `bad_request` for what is no sequence
 */
export function sequenceNumber(database: Database, seq: SourceSeq, current: number): number | undefined {
  const own = ownSequenceNumber(database.record, seq, current)
  if (own !== undefined) return own
  const { number, suffix } = parseSeq(seq, database.record.instance)
  const known = readSourceSequences(database)
  return known === undefined || suffix !== known.instance ? undefined : ownBefore(known.points, number)
}

/** Returns the own number of the last point that a reader of the source has passed. */
export function ownBefore(points: readonly SequencePoint[], source: number): number | undefined {
  return points.findLast(([passed]) => passed <= source)?.[1]
}

/** Returns the sequences of a database that begins, or goes on, to follow. */
export function whenFollowing(
  before: SourceSequences | undefined,
  { seq, docs, deletedDocs }: { seq: number; docs: number; deletedDocs: number },
): SourceSequences {
  if (before === undefined)
    return { instance: null, points: [], isWhole: docs + deletedDocs === 0, end: null }
  const isWhole = before.isWhole && (before.end === null || before.end === seq)
  return { ...before, isWhole, end: null }
}

/**
 * Adds a point.
 *
 * @param own the follower's sequence, read *before* the source was asked for its own
 * @returns the same where it tells nothing new
 */
export function withPoint(
  before: SourceSequences,
  instance: string,
  source: number,
  own: number,
): SourceSequences {
  if (!before.isWhole) return before
  if (before.instance !== null && before.instance !== instance) return { ...before, isWhole: false }
  const last = before.points.at(-1)
  const kept = before.points.filter(([passed]) => passed < source)
  // The files of the source were put back.
  if (last !== undefined && source < last[0]) return { ...before, points: kept, isWhole: false }
  if (last !== undefined && last[1] >= own) return before
  return { ...before, instance, points: thinned([...kept, [source, own]]) }
}

/** Drops every second point of the older half of too many. */
function thinned(points: SequencePoint[]): SequencePoint[] {
  if (points.length <= MOST_POINTS) return points
  const half = MOST_POINTS / 2
  return points.filter((_, index) => index >= half || index % 2 === 0)
}
