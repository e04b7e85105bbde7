import { DigestComparison, type DigestLimits } from './comparison/by-digests.ts'
import { type DocumentSorter, pairsOfListings } from './comparison/by-listings.ts'
import { lackingEitherWay } from './comparison/by-revs-diff.ts'
import { compareContents } from './comparison/compare-contents.ts'
import { describe, isSame } from './comparison/describe.ts'
import type { ComparisonLine, ComparisonSummary, Difference } from './comparison/lines.ts'
import type { ComparedPairs, Pair, Sides } from './comparison/sides.ts'
import type { IdRange } from './peer.ts'

export type { ComparisonLine, ComparisonSummary, Difference } from './comparison/lines.ts'

/** Options of a comparison. */
export interface CompareOptions {
  /** Also compares bodies and attachments of leaves that both sides have. */
  readonly bodies?: boolean
  /** Compares documents from this id on. */
  readonly from?: string | undefined
  /** False: databases are listed also where both sides have digests. */
  readonly digests?: boolean
  /** Sorts listings of servers without digests; without it, only what one side lacks is found there. */
  readonly openSorter?: () => Promise<DocumentSorter>
  readonly limits?: Omit<DigestLimits, 'batchSize'>
  /** Documents whose bodies are read at a time. */
  readonly contentBatch?: number
  /** Yields lines of progress, this many milliseconds apart. Without it, none. */
  readonly progressMs?: number
}

const LIMITS = { parts: 32, listed: 2000 }
const CONTENT_BATCH = 100

/**
 * Compares two databases leaf for leaf, deleted and losing leaves too. Between Couchettes ranges of ids whose digests agree are
 * passed over; of other servers `_changes` is listed. Memory is bounded by a batch; what is written meanwhile may count as a
 * difference.
 *
 * @param batchSize documents that are asked for at a time
 * @returns a line for each difference, and a summary
 */
export async function* compare(
  sides: Sides,
  batchSize: number,
  signal: AbortSignal,
  options: CompareOptions = {},
): AsyncGenerator<ComparisonLine, void, undefined> {
  const counters = new Counters()
  const every = options.progressMs
  const isMasked = options.bodies === true && (await hasMaskedSide(sides, signal))
  const bodies = options.bodies === true && !isMasked
  let told = performance.now()
  for await (const { pairs, counts, next, differences } of compared(sides, batchSize, signal, options)) {
    counters.add(counts)
    const lines =
      differences ??
      (await describe(
        sides,
        pairs.filter(pair => !isSame(pair)),
        signal,
      ))
    for (const line of lines) yield counters.count(line)
    if (bodies) {
      const size = options.contentBatch ?? CONTENT_BATCH
      for (let at = 0; at < pairs.length; at += size) {
        for (const line of await compareContents(sides, pairs.slice(at, at + size), signal))
          yield counters.count(line)
      }
    }
    if (every === undefined || next === undefined || performance.now() - told < every) continue
    told = performance.now()
    yield { progress: { from: next, ...counters.documents } }
  }
  yield isMasked ? { summary: { ...counters.summary.summary, masked: true } } : counters.summary
}

/** Returns whether contents differ on purpose under the same revisions. */
async function hasMaskedSide({ source, target }: Sides, signal: AbortSignal): Promise<boolean> {
  const [here, there] = await Promise.all([source.info(signal), target.info(signal)])
  return here.isMasked === true || there.isMasked === true
}

/** Pairs to look at; or differences that are known already. */
type Compared = ComparedPairs & { readonly differences?: readonly Difference[] }

async function* compared(
  sides: Sides,
  batchSize: number,
  signal: AbortSignal,
  options: CompareOptions,
): AsyncGenerator<Compared, void, undefined> {
  const range: IdRange = { start: options.from, end: undefined }
  if (options.digests !== false) {
    const byDigests = new DigestComparison(sides, { ...LIMITS, ...options.limits, batchSize }, signal)
    const digests = await byDigests.begin(range)
    if (digests !== undefined) {
      // What lies under equal revisions is no part of their digests.
      yield* options.bodies === true ? byDigests.listed(range) : byDigests.differing(digests)
      return
    }
  }
  const { openSorter } = options
  if (openSorter !== undefined) {
    yield* pairsOfListings(sides, range, { openSorter, batchSize }, signal)
    return
  }
  const pairs: Pair[] = []
  for await (const found of lackingEitherWay(sides, batchSize, signal))
    yield { ...found, pairs, next: undefined }
}

/** Counts documents and differences. */
class Counters {
  #source = 0
  #target = 0
  readonly #missing = { source: 0, target: 0 }
  readonly #kinds = { winner: 0, leaves: 0, damaged: 0 }
  /** The last document with another winner: it may have a line for each side. */
  #lastWinner: string | undefined

  get documents(): { source_documents: number; target_documents: number } {
    return { source_documents: this.#source, target_documents: this.#target }
  }

  get summary(): ComparisonSummary {
    const { winner, leaves, damaged } = this.#kinds
    const { source, target } = this.#missing
    return {
      summary: {
        equal: source + target + winner + leaves + damaged === 0,
        ...this.documents,
        missing_in_source: source,
        missing_in_target: target,
        other_winner: winner,
        other_leaves: leaves,
        damaged,
      },
    }
  }

  add({ source, target }: { readonly source: number; readonly target: number }): void {
    this.#source += source
    this.#target += target
  }

  count<Line extends Extract<ComparisonLine, { readonly id: string }>>(line: Line): Line {
    if (line.missing_in !== undefined) this.#missing[line.missing_in] += 1
    if (line.kind === 'winner' && line.id !== this.#lastWinner) {
      this.#kinds.winner += 1
      this.#lastWinner = line.id
    } else if (line.kind === 'leaves' && line.missing_in === undefined) this.#kinds.leaves += 1
    else if (line.kind === 'body' || line.kind === 'attachment' || line.kind === 'unreadable')
      this.#kinds.damaged += 1
    return line
  }
}
