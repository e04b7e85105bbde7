import type { Database } from '../database/database.ts'
import type { Candidates } from './filter/change-filter.ts'
import { changesAt } from '../database/reading/change-pages.ts'

const AT_ONCE = 1000

/**
 * The changes of documents that are known by name, in pages: each is looked up, so that a short list costs little
 * however long the feed is.
 */
export async function* candidatePages(
  database: Database,
  candidates: Candidates,
  range: { after: number; upTo: number; descending: boolean; size: number },
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const all = await seqsOf(database, candidates)
  const seqs = all.filter(seq => seq > range.after && seq <= range.upTo).sort((a, b) => a - b)
  if (range.descending) seqs.reverse()
  for (let from = 0; from < seqs.length; from += range.size) {
    const page = await changesAt(database, seqs.slice(from, from + range.size))
    if (page.length > 0) yield range.descending ? [...page].reverse() : page
  }
}

async function seqsOf(database: Database, candidates: Candidates): Promise<number[]> {
  const seqs: number[] = []
  if ('ids' in candidates) {
    for (let from = 0; from < candidates.ids.length; from += AT_ONCE) {
      const found = await database.summaries(candidates.ids.slice(from, from + AT_ONCE))
      for (const summary of found) if (summary !== undefined) seqs.push(summary.seq)
    }
    return seqs
  }
  for await (const { summary } of database.summariesBetween(candidates.from, candidates.to))
    seqs.push(summary.seq)
  return seqs
}
