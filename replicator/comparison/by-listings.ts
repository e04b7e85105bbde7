import type { IdRange, ListedDocument, Peer } from '../peer.ts'
import { allLeaves, type ComparedPairs, countsOf, inLists, joined, type Sides } from './sides.ts'

/** Sorts documents by their ids, on disk. One that is put again takes the place of the one before. */
export interface DocumentSorter {
  put(documents: readonly ListedDocument[]): Promise<void>
  /** Reads them in the order of the ids as UTF-8. */
  read(range: IdRange): AsyncIterable<ListedDocument>
  /** Removes everything; idempotent. */
  close(): Promise<void>
}

/**
 * Compares databases of any servers: the leaves of all documents, which `_changes` lists in the order of their changes, are sorted
 * by their ids.
 *
 * @param batchSize documents of a list of pairs, and of a batch of the feed
 */
export async function* pairsOfListings(
  { source, target }: Sides,
  range: IdRange,
  options: { readonly openSorter: () => Promise<DocumentSorter>; readonly batchSize: number },
  signal: AbortSignal,
): AsyncGenerator<ComparedPairs, void, undefined> {
  const sorters: DocumentSorter[] = []
  const open = async (): Promise<DocumentSorter> => {
    const sorter = await options.openSorter()
    sorters.push(sorter)
    return sorter
  }
  try {
    const [here, there] = [await open(), await open()]
    await Promise.all([
      fill(source, here, options.batchSize, signal),
      fill(target, there, options.batchSize, signal),
    ])
    const pairs = joined(here.read(range), there.read(range))
    for await (const list of inLists(pairs, options.batchSize)) {
      signal.throwIfAborted()
      yield { pairs: list, counts: countsOf(list), next: `${list.at(-1)!.id}\0` }
    }
  } finally {
    await Promise.all(sorters.map(sorter => sorter.close()))
  }
}

async function fill(
  peer: Peer,
  sorter: DocumentSorter,
  batchSize: number,
  signal: AbortSignal,
): Promise<void> {
  for await (const { rows } of peer.changes(allLeaves(batchSize), signal))
    await sorter.put(rows.map(({ id, revs }) => ({ id, leaves: revs.map(rev => ({ rev })) })))
}
