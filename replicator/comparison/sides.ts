import type { ChangesRequest, ListedDocument, Peer } from '../peer.ts'

/** Both sides of a comparison. */
export interface Sides {
  readonly source: Peer
  readonly target: Peer
}

/** A document as each side lists it; undefined where it does not. */
export interface Pair {
  readonly id: string
  readonly source: ListedDocument | undefined
  readonly target: ListedDocument | undefined
}

/** Documents whose place in the order of ids is known, with how far the comparison has come. */
export interface ComparedPairs {
  /** Pairs that may differ. */
  readonly pairs: readonly Pair[]
  /** Documents of each side that were compared, with those that are equal for certain. */
  readonly counts: { readonly source: number; readonly target: number }
  /** All documents with smaller ids were compared; undefined where nothing can be said yet, and at the end. */
  readonly next: string | undefined
}

/** Returns the request for the leaves of all documents, deleted ones too, in the order of their changes. */
export function allLeaves(batchSize: number): ChangesRequest {
  return { since: 0, feed: 'normal', style: 'all_docs', filter: { kind: 'none' }, batchSize }
}

/** Joins two lists of documents in the order of their ids. */
export async function* joined(
  source: AsyncIterable<ListedDocument>,
  target: AsyncIterable<ListedDocument>,
): AsyncGenerator<Pair, void, undefined> {
  const here: AsyncIterator<ListedDocument, unknown> = source[Symbol.asyncIterator]()
  const there: AsyncIterator<ListedDocument, unknown> = target[Symbol.asyncIterator]()
  try {
    let [a, b] = await Promise.all([here.next(), there.next()])
    for (;;) {
      const [one, other] = [valueOf(a), valueOf(b)]
      if (one === undefined && other === undefined) return
      const order = one === undefined ? 1 : other === undefined ? -1 : compareIds(one.id, other.id)
      const [left, right] = [order <= 0 ? one : undefined, order >= 0 ? other : undefined]
      yield { id: (left ?? right)!.id, source: left, target: right }
      if (order <= 0) a = await here.next()
      if (order >= 0) b = await there.next()
    }
  } finally {
    await Promise.all([here.return?.(), there.return?.()])
  }
}

function valueOf(result: IteratorResult<ListedDocument, unknown>): ListedDocument | undefined {
  return result.done === true ? undefined : result.value
}

/** Compares ids as their UTF-8, which is the order of digests. */
export function compareIds(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** Gathers pairs into lists. */
export async function* inLists(
  pairs: AsyncIterable<Pair>,
  size: number,
): AsyncGenerator<Pair[], void, undefined> {
  let list: Pair[] = []
  for await (const pair of pairs) {
    list.push(pair)
    if (list.length < size) continue
    yield list
    list = []
  }
  if (list.length > 0) yield list
}

/** Returns what a list of pairs adds to the counts. */
export function countsOf(pairs: readonly Pair[]): { source: number; target: number } {
  return {
    source: pairs.filter(({ source }) => source !== undefined).length,
    target: pairs.filter(({ target }) => target !== undefined).length,
  }
}
