import type { RangeDigest } from './digest-scan.ts'
import type { DigestsAtMoment, TextRange } from './digests-at-moment.ts'
import { textOfId } from './ranked-space.ts'

/** A range of ids of documents in the order of their UTF-8: from one, up to, not including, another. */
export interface IdRange {
  /** Undefined for the beginning. */
  readonly start: string | undefined
  readonly end: string | undefined
}

/** A range with its digest. */
export type DigestedRange = IdRange & RangeDigest

/** Digests of ranges, and the update sequence that they stand at. */
export interface Digests {
  readonly seq: number
  readonly ranges: readonly DigestedRange[]
}

/** The ranks of a database, which its digests are kept with. */
interface DigestSource {
  withDigests<T>(
    use: (digests: DigestsAtMoment, moment: { readonly seq: number }) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>
}

/** Digests of ranges of a database's documents. */
export class DatabaseDigests {
  readonly #ranks: DigestSource

  constructor(ranks: DigestSource) {
    this.#ranks = ranks
  }

  /** Returns the digests of ranges at one moment, in their order. */
  of(ranges: readonly IdRange[], signal: AbortSignal): Promise<Digests> {
    return this.#ranks.withDigests(async (digests, { seq }) => {
      const digested: DigestedRange[] = []
      for (const range of ranges) digested.push({ ...range, ...(await digests.of(textsOf(range))) })
      return { seq, ranges: digested }
    }, signal)
  }

  /** Cuts a range into parts of about as many documents each; there may be fewer parts than asked for. */
  split(range: IdRange, parts: number, signal: AbortSignal): Promise<Digests> {
    return this.#ranks.withDigests(async (digests, { seq }) => {
      const starts = parts > 1 ? await digests.split(textsOf(range), parts) : []
      const ids = [range.start, ...starts.map(text => Buffer.from(text, 'latin1').toString()), range.end]
      const digested: DigestedRange[] = []
      for (let at = 0; at + 1 < ids.length; at++) {
        const part = { start: ids[at], end: ids[at + 1] }
        digested.push({ ...part, ...(await digests.of(textsOf(part))) })
      }
      return { seq, ranges: digested }
    }, signal)
  }
}

function textsOf({ start, end }: IdRange): TextRange {
  return {
    start: start === undefined ? '' : textOfId(start),
    end: end === undefined ? undefined : textOfId(end),
  }
}
